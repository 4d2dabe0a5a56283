/** Lays a sheet on the desk: the sentence, every field, the words, the expiry, and one button. */
import { now } from "./checks.js";
import { announce, h, showPage } from "./dom.js";
import { letterWarning, moment, remaining, sectionOf, unbroken, value, wordGrid } from "./parts.js";
import { REASON_MAX } from "./shapes.js";
import { returnAddress } from "./tickets.js";
import { wordsFor } from "./texts.js";

/**
 * What can be done with a sheet that lies on the desk.
 * @typedef {object} Laid
 * @property {(text: string) => void} busy says what is waited for, and takes no further press
 * @property {(code: string) => void} problem says why it was not signed, and takes another press
 */

/**
 * @param {import("./flows.js").Work} work
 * @param {(reason: string) => void} press what the button does
 * @returns {Laid}
 */
export function laySheet(work, press) {
  const { sheet } = work;
  const reason = sheet.askReason ? reasonField(sheet.askReason) : null;
  const button = h("button", { type: "submit", class: "sign" }, ...unbroken(sheet.button));
  const state = h("p", { class: "state", hidden: true });
  const form = h(
    "form",
    { class: "signature", submit: onSubmit },
    sheet.fingerprint ? fingerprint(sheet.fingerprint) : null,
    work.expiresAt === null ? null : expiry(work.expiresAt, expire),
    reason,
    button,
    state,
    h("a", { class: "leave", href: returnAddress() }, "Leave without signing"),
  );
  showPage(
    h(
      "article",
      { class: `sheet${sheet.stops ? " stops" : ""}${sheet.fingerprint ? "" : " small"}` },
      h("header", {}, h("p", { class: "kicker" }, sheet.kicker), sentence(sheet.sentence), note(sheet.note)),
      h("div", { class: "body" }, ...sheet.sections.map((one) => sectionOf(one)), ...sheet.behind.map(behind)),
      form,
    ),
  );
  announce("Ready to be signed. Nothing is signed yet.");
  if (!sheet.fingerprint) button.focus({ preventScroll: true });

  function onSubmit(event) {
    event.preventDefault();
    if (button.getAttribute("aria-disabled") !== "true") press(reason?.querySelector("textarea").value.trim() ?? "");
  }

  function setState(text, isBusy, isProblem) {
    button.toggleAttribute("aria-disabled", isBusy);
    if (isBusy) button.setAttribute("aria-disabled", "true");
    state.hidden = false;
    state.className = `state${isBusy ? " busy" : ""}${isProblem ? " problem" : ""}`;
    state.replaceChildren(text);
    announce(text);
  }

  function expire() {
    setState(`${wordsFor("expired").what} Nothing was signed. ${wordsFor("expired").next}`, false, true);
    button.setAttribute("aria-disabled", "true");
  }

  return {
    busy: (text) => setState(text, true, false),
    problem(code) {
      const { what, next } = wordsFor(code);
      setState(`${what} Nothing was signed. ${next}`, false, true);
      if (code === "expired") button.setAttribute("aria-disabled", "true");
      else button.focus();
    },
  };
}

/** @param {import("./rows.js").Part[]} parts */
function sentence(parts) {
  const texts = parts.map((part) => (part.isValue ? value(part.text) : part.text));
  const warning = letterWarning(parts.map((part) => part.text).join(""));
  const heading = h("h1", { tabindex: "-1", class: "sentence" }, ...texts);
  const notes = [warning, innerQuotes(parts)].filter((one) => one !== null);
  return notes.length ? h("div", {}, heading, ...notes) : heading;
}

/** Why quotation marks in a value differ from those below: the sentence has its own around it. */
function innerQuotes(parts) {
  if (!parts.some((part) => part.isValue && part.text.includes('"'))) return null;
  return note('Quotation marks inside a name are written as " in this sentence; below, names stand as they are.');
}

/** @param {string} text */
function note(text) {
  return text ? h("p", { class: "note" }, text) : null;
}

/** @param {{words: string[], hash: string, caption: string}} one */
function fingerprint(one) {
  return h(
    "section",
    { class: "fingerprint" },
    h("h2", {}, one.caption),
    wordGrid(one.words),
    h("code", {}, one.hash),
  );
}

/** @param {{title: string, sections: import("./rows.js").Section[]}} one */
function behind(one) {
  return h(
    "details",
    { class: "behind" },
    h("summary", {}, one.title),
    ...one.sections.map((section) => sectionOf(section, 3)),
  );
}

/** @param {string} label */
function reasonField(label) {
  const field = h("textarea", { id: "reason", rows: "3", required: true, maxlength: String(REASON_MAX) });
  return h("div", { class: "reason" }, h("label", { for: "reason" }, label), field);
}

/** When it expires, counted down; `then` is called when it has. @param {number} time @param {() => void} then */
function expiry(time, then) {
  const label = h("span", {}, "Expires in ");
  const left = h("strong", {});
  const tick = () => {
    left.textContent = remaining(time - now());
    if (time > now()) return setTimeout(tick, 1000);
    label.textContent = "It has ";
    then();
  };
  queueMicrotask(tick);
  return h("p", { class: "expiry" }, label, left, h("small", {}, moment(time)));
}
