/** Asks whose simulated token is to be used; only in a demo's desk, and only for documents of a demo. */
import { h } from "../dom.js";
import { Purpose } from "../purposes.js";
import { Refused } from "../refusal.js";
import { SALT } from "../share_keys.js";
import { allTokens, lastUsed, rememberUsed } from "./people.js";
import { Picker } from "./picker.js";
import { enrolNew, secretOf, signWith } from "./token.js";

/** Purposes where the document names who signs, or where signing in again as the last person harms nobody. */
const PRESELECTS = new Set([Purpose.SIGN_IN, Purpose.PROPOSE, Purpose.REJECT, Purpose.CANCEL]);

/**
 * @param {import("../flows.js").Work} work
 * @param {{sign: Function, enrol: Function}} realTokens
 * @returns {Promise<{sign: Function, enrol: Function} | null>} the tokens to go on with; null if none was chosen
 */
export async function choose(work, realTokens) {
  if (!work.simulatorAllowed) throw new Refused("token-unfit");
  const chosen = work.purpose === Purpose.ENROL ? await askEnrol(work) : await askSigner(work);
  if (chosen === "none") return null;
  return chosen === "real" ? realTokens : simulated(chosen);
}

function simulated(token) {
  return {
    async sign(purpose, bytes) {
      rememberUsed(token.credential_id);
      return signWith(token, purpose, bytes);
    },
    enrol: (enrolment, bytes) => enrolNew(enrolment, bytes),
    derive(credential) {
      if (credential !== token.credential_id) throw new Refused("token-declined");
      if (token.lacksPrf) throw new Refused("token-without-prf");
      return secretOf(token, SALT);
    },
    async signAndDerive(purpose, bytes, credential) {
      if (credential !== token.credential_id) throw new Refused("token-declined");
      return { assertion: await signWith(token, purpose, bytes), secret: await secretOf(token, SALT) };
    },
  };
}

/** @returns {Promise<any>} a simulated token, "real" or "none" */
function askSigner(work) {
  const tokens = allTokens();
  const suggested = tokens.filter(
    (token) => work.credentials.includes(token.credential_id) || token.person === work.signer?.id,
  );
  const last = tokens.find((token) => token.credential_id === lastUsed());
  const preselected = suggested[0] ?? (work.purpose === Purpose.SIGN_IN ? last : undefined);
  return new Picker({
    tokens: [...suggested, ...tokens.filter((token) => !suggested.includes(token))],
    suggested: suggested.length,
    mayLackPrf: work.purpose === Purpose.SHARE_KEY,
    preselected: PRESELECTS.has(work.purpose) ? preselected : undefined,
  }).ask();
}

/** @returns {Promise<any>} an object for a new token, "real" or "none" */
function askEnrol(work) {
  return new Promise((resolve) => {
    const answer = (what) => () => {
      dialog.close();
      dialog.remove();
      resolve(what);
    };
    const dialog = h(
      "dialog",
      { class: "picker", "aria-labelledby": "enrol-title", cancel: answer("none") },
      h("h2", { id: "enrol-title" }, "A simulated token, or a real one?"),
      h("p", {}, "A simulated token is kept in this browser, and anybody who uses it can sign with it."),
      h("div", { class: "actions" },
        h("button", { type: "button", class: "sign simulated", click: answer({}) },
          `Make a simulated token for ${work.document.person.name}`),
        h("button", { type: "button", class: "plain", click: answer("real") }, "Use a real security token"),
        h("button", { type: "button", class: "leave", click: answer("none") }, "Not now")),
    );
    document.body.append(dialog);
    dialog.showModal();
  });
}
