/** What a sheet is made of, as plain data. */

/**
 * @typedef {import("./render.js").Row} Row
 * @typedef {import("./render.js").Part} Part
 * @typedef {{title: string, rows: Row[]}} Group
 * @typedef {{title: string, groups: Group[]}} Section
 * @typedef {object} Sheet
 * @property {string} kicker what kind of thing this is
 * @property {Part[]} sentence
 * @property {string} note what to bear in mind before signing; may be empty
 * @property {Section[]} sections every field
 * @property {{words: string[], hash: string, caption: string} | null} fingerprint
 * @property {{title: string, sections: Section[]}[]} behind documents that lie behind a hash
 * @property {string} button what signing does
 * @property {string} done what was done, once it is signed
 * @property {boolean} stops whether it stops something rather than lets it happen
 * @property {string} askReason the label of the reason that is to be typed; empty if none is
 */

/** @type {Sheet} */
export const PLAIN = Object.freeze({
  kicker: "", sentence: [], note: "", sections: [], fingerprint: null, behind: [], button: "", done: "",
  stops: false, askReason: "",
});

/** A row for a field that has no rendering of its own. @returns {Row} */
export function row(label, value, kind = "text", detail = "") {
  return { label, value, detail, kind, path: label };
}

/** @param {{id: string, name: string}} named @returns {Row} */
export function namedRow(label, named) {
  return row(label, named.name, "named", named.id);
}

/** @param {number} time seconds since 1970 @returns {Row} */
export function timeRow(label, time) {
  return row(label, `${new Date(time * 1000).toISOString().slice(0, 19).replace("T", " ")} UTC`, "time");
}

/** @returns {Section} */
export function section(title, rows) {
  return { title, groups: [{ title: "", rows }] };
}

/** A sentence from texts, in which every second one is a value. @param {string[]} texts @returns {Part[]} */
export function sentence(...texts) {
  return texts.map((text, place) => ({ text, isValue: place % 2 === 1 }));
}
