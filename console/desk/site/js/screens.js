/** The pages without a sheet: nothing to sign, fetching, refused, done. */
import { CONFIG } from "./built/config.js";
import { announce, h, showPage } from "./dom.js";
import { wordGrid } from "./parts.js";
import { releaseWords } from "./release_texts.js";
import { wordsFor } from "./texts.js";
import { returnAddress } from "./tickets.js";

/** A place in a document can be quoted; what could carry a message from who sent the document cannot. */
const SPEAKABLE = /^[a-z0-9_.:/[\]-]{1,48}$/;

/** Somebody came without anything to sign. */
export function showIdle() {
  showPage(
    card(
      "quiet",
      "Nothing to sign",
      h("p", {}, "This is the desk: the only page at which you use your security token. The console sends you here ",
        "whenever there is something to sign, and nothing can be begun here."),
      h("p", {}, "If you came to sign something and reloaded this page, go back to the console and begin again."),
      facts(),
      actions(h("a", { class: "sign", href: CONFIG.console }, "To the console")),
    ),
  );
}

/** Waiting for the console. */
export function showFetching() {
  showPage(card("quiet", "Fetching what is to be signed", h("p", { class: "state busy" }, "Asking the console.")));
  announce("Fetching what is to be signed");
}

/**
 * It cannot be signed, and there is no way around that.
 * @param {string} code
 * @param {string} detail where, in the terms of the document
 */
export function showRefused(code, detail) {
  const { what, next, alarm } = wordsFor(code);
  const reference = SPEAKABLE.test(detail) ? `${code}: ${detail}` : code;
  showPage(
    card(
      alarm ? "alarm" : "refused",
      alarm ? "This desk refuses to sign" : "This cannot be signed now",
      h("dl", { class: "story" },
        h("dt", {}, "What happened"), h("dd", {}, what),
        h("dt", {}, "What was not done"), h("dd", {}, "Nothing was signed, and nothing was sent to the console."),
        h("dt", {}, "What to do next"), h("dd", {}, next)),
      h("p", { class: "reference" }, "To quote: ", h("code", {}, reference)),
      actions(h("a", { class: "sign plain", href: returnAddress() }, "Back to the console")),
    ),
  );
  announce(what);
}

/**
 * The share stays here: what the console handed over does not hold, measured by what the share itself says.
 * @param {string} code
 * @param {string} detail
 */
export function showNotReleased(code, detail) {
  const { what, next, alarm } = releaseWords(code);
  showPage(
    card(
      alarm ? "alarm" : "refused",
      "Your share stays at this desk",
      h("dl", { class: "story" },
        h("dt", {}, "What happened"), h("dd", {}, what),
        h("dt", {}, "What was not done"), h("dd", {}, "Nothing was sent to the console: neither your share nor your signature."),
        h("dt", {}, "What to do next"), h("dd", {}, next)),
      h("p", { class: "reference" }, "To quote: ", h("code", {}, SPEAKABLE.test(detail) ? `${code}: ${detail}` : code)),
      actions(h("a", { class: "sign plain", href: returnAddress() }, "Back to the console")),
    ),
  );
  announce(what);
}

/**
 * It was signed, and could not be handed in; `again` tries to.
 * @param {string} code
 * @param {() => void} again
 */
export function showNotHandedIn(code, again) {
  const { what } = wordsFor(code);
  const mayTryAgain = code === "unreachable" || code === "too-many" || code === "unavailable";
  showPage(
    card(
      "refused",
      "Signed, but not handed in",
      h("dl", { class: "story" },
        h("dt", {}, "What happened"), h("dd", {}, what),
        h("dt", {}, "What was not done"), h("dd", {}, "Your token signed, and the console does not have the signature: it has no effect."),
        h("dt", {}, "What to do next"),
        h("dd", {}, mayTryAgain ? "Hand it in again. You need not sign again." : "Go back to the console and begin again.")),
      h("p", { class: "reference" }, "To quote: ", h("code", {}, code)),
      actions(
        mayTryAgain ? h("button", { type: "button", class: "sign", click: again }, "Hand it in again") : null,
        h("a", { class: mayTryAgain ? "leave" : "sign plain", href: returnAddress() }, "Back to the console"),
      ),
    ),
  );
}

/** It was signed and handed in; the browser is on its way back. @param {string} title */
export function showDone(title) {
  showPage(card("done", title, h("p", { class: "state busy" }, "Taking you back to the console.")));
  announce(`${title}. Taking you back to the console.`);
}

/**
 * A token was enrolled, or a share key made: its words are to be compared before going back.
 * @param {{what: string, words: string[], hash: string, person: string, address: string}} about
 */
export function showWords({ what, words, hash, person, address }) {
  showPage(
    card(
      "done",
      `The words of the new ${what}`,
      h("p", {}, `Whoever admits this ${what} asks ${person} for these eight words, in person or over a line they trust. `,
        `If the words they see are others, the ${what} is not this one. Write them down.`),
      wordGrid(words),
      h("p", { class: "reference" }, h("code", {}, hash)),
      actions(h("a", { class: "sign", href: address }, "I have noted the words: back to the console")),
    ),
  );
  announce(`The ${what} is made. Its words: ${words.join(", ")}`);
}

function card(kind, title, ...children) {
  return h("article", { class: `card ${kind}` }, h("h1", { tabindex: "-1" }, title), ...children);
}

function actions(...children) {
  return h("div", { class: "actions" }, ...children);
}

/** What is built into this desk, for who wants to compare it. */
function facts() {
  const rows = [
    ["Console", h("bdi", {}, CONFIG.console)],
    ["Relying party", h("bdi", {}, CONFIG.rp_id)],
    ["Deployment", h("code", {}, CONFIG.deployment)],
    ["Files and hashes", h("a", { href: "manifest.json" }, "manifest.json")],
  ];
  return h("dl", { class: "facts" }, ...rows.flatMap(([label, what]) => [h("dt", {}, label), h("dd", {}, what)]));
}
