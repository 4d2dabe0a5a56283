/** Something was checked and is not accepted; `code` names the reason, for which `texts.js` has the words. */
export class Refused extends Error {
  /**
   * @param {string} code a stable reason in kebab case
   * @param {string} [detail] where: a field, a letter, a value this desk has made up itself
   */
  constructor(code, detail = "") {
    super(detail ? `${code}: ${detail}` : code);
    this.name = "Refused";
    this.code = code;
    this.detail = detail;
  }
}

/** A share was opened, and is not released. */
export class NotReleased extends Refused {
  /** @param {Refused} refused why */
  constructor({ code, detail }) {
    super(code, detail);
    this.name = "NotReleased";
  }
}
