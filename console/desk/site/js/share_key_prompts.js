/** Asking for a share key that a custodian keeps: the file with its passphrase, or the sheet as typed or scanned. */
import { announce, h } from "./dom.js";
import { Refused } from "./refusal.js";
import { openFile } from "./share_key_file.js";
import { joined, LINES, readCode, readLine } from "./share_key_sheet.js";
import { pairFor } from "./share_keys.js";
import { wordsFor } from "./texts.js";

/**
 * A form whose button does something that can fail: it says what is waited for, then why it did not work.
 * @param {{children: (Node | null)[], button: string, busy: string, act: () => Promise<void>, fail: (problem: unknown) => void}} form
 */
export function actingForm({ children, button, busy, act, fail }) {
  const state = h("p", { class: "state", hidden: true });
  const press = h("button", { type: "submit", class: "sign" }, button);
  const say = (text, kind) => {
    state.hidden = !text;
    state.className = `state ${kind}`;
    state.replaceChildren(text);
    announce(text);
  };
  async function submit(event) {
    event.preventDefault();
    if (press.getAttribute("aria-disabled") === "true") return;
    press.setAttribute("aria-disabled", "true");
    say(busy, "busy");
    try {
      await act();
      say("", "");
    } catch (problem) {
      if (!(problem instanceof Refused)) return fail(problem);
      say(spoken(problem), "problem");
    } finally {
      press.removeAttribute("aria-disabled");
    }
  }
  return h("form", { class: "entry", novalidate: true, submit }, ...children, state, press);
}

/** What went wrong, with what it is about, and what to do. @param {Refused} problem */
export function spoken({ code, detail }) {
  const { what, next } = wordsFor(code);
  return `${detail ? `${what.slice(0, -1)}: ${detail}.` : what} ${next}`;
}

/** @param {string} id @param {string} label @param {string} help @param {HTMLElement} input */
export function field(id, label, help, input) {
  input.id = id;
  if (help) input.setAttribute("aria-describedby", `${id}-help`);
  return h("div", { class: "field" },
    h("label", { for: id }, label),
    help ? h("p", { class: "help", id: `${id}-help` }, help) : null,
    input);
}

/** A field for a passphrase, which can be made to show it. */
export function passphraseInput() {
  return h("input", {
    type: "password", autocomplete: "off", autocapitalize: "off", spellcheck: "false", maxlength: "400",
  });
}

/** A box to tick that shows what is typed. @param {HTMLElement[]} inputs */
export function showTyped(...inputs) {
  const box = h("input", {
    type: "checkbox", id: "show-typed",
    change: () => inputs.forEach((input) => (input.type = box.checked ? "text" : "password")),
  });
  return h("p", { class: "tick" }, box, h("label", { for: "show-typed" }, "Show what I type"));
}

/** What tells that a file or a sheet is in order, and of another share key than the one it is compared with. */
const OF_ANOTHER_KEY = new Set(["file-of-other-key", "other-share-key"]);

/** The key pair of the first statement that fits. @param {any[]} statements @param {(statement: any) => Promise<any>} open */
async function openAny([statement, ...earlier], open) {
  try {
    return await open(statement);
  } catch (problem) {
    if (!earlier.length || !OF_ANOTHER_KEY.has(problem.code)) throw problem;
    return openAny(earlier, open);
  }
}

/**
 * Asks for the file and its passphrase.
 * @param {any[]} statements those of the share keys it may be of
 * @param {{resolve: (pair: {privateKey: CryptoKey}) => void, reject: (problem: unknown) => void}} outcome
 */
export function filePrompt(statements, { resolve, reject }) {
  const file = h("input", { type: "file", accept: ".json,application/json" });
  const passphrase = passphraseInput();
  return actingForm({
    children: [
      field("file", "The file", "Choose it where you keep it. It is read here and sent nowhere.", file),
      field("passphrase", "Its passphrase", "", passphrase),
      showTyped(passphrase),
    ],
    button: "Open the file",
    busy: "Opening it: a million rounds of hashing, which takes a moment.",
    fail: reject,
    async act() {
      const [chosen] = file.files;
      if (!chosen) throw new Refused("file-missing");
      if (!passphrase.value) throw new Refused("passphrase-missing");
      const bytes = await bytesOf(chosen);
      resolve(await openAny(statements, (statement) => openFile(bytes, statement, passphrase.value)));
    },
  });
}

/** @param {File} file */
async function bytesOf(file) {
  try {
    return new Uint8Array(await file.slice(0, 65536).arrayBuffer());
  } catch {
    throw new Refused("file-unreadable");
  }
}

/**
 * Asks for the lines of a sheet, each checked as it is left, or for the text of its code.
 * @param {any[]} statements those of the share keys it may be of
 * @param {{resolve: (pair: {privateKey: CryptoKey}) => void, reject: (problem: unknown) => void}} outcome
 */
export function sheetPrompt(statements, { resolve, reject }) {
  const lines = Array.from({ length: LINES }, (_, place) => sheetLine(place));
  const code = h("input", { type: "text", autocomplete: "off", spellcheck: "false", maxlength: "400", class: "mono" });
  return actingForm({
    children: [
      h("fieldset", { class: "lines" },
        h("legend", {}, "The eight lines of four words"),
        h("p", { class: "help" }, "The first four letters of each word are enough."),
        ...lines.map((line) => line.element)),
      field("code", "Or the text of the code", "Put the cursor here and scan with a scanner that types.", code),
    ],
    button: "Check the sheet",
    busy: "Checking it.",
    fail: reject,
    async act() {
      const privateKey = code.value.trim() ? await readCode(code.value) : await readLines(lines);
      resolve(await openAny(statements, (statement) => pairFor(privateKey, statement)));
    },
  });
}

/** All lines together; the first that is missing or not right gets the focus. */
async function readLines(lines) {
  const parts = [];
  for (const line of lines) parts.push(line.input.value.trim() ? await line.read() : null);
  const wrong = parts.indexOf(null);
  if (wrong < 0) return joined(parts);
  const { input } = lines[wrong];
  input.focus();
  throw new Refused(input.value.trim() ? "line-wrong" : "line-missing", `line ${wrong + 1}`);
}

/** One line to type into, with what is right or wrong about it. */
function sheetLine(place) {
  const said = h("p", { class: "said", id: `line-${place + 1}-said` });
  const input = h("input", {
    type: "text", id: `line-${place + 1}`, autocomplete: "off", autocapitalize: "off", spellcheck: "false",
    maxlength: "100", "aria-describedby": said.id, blur: left,
  });
  /** Whoever goes on to the next field hears about this one; a message must not move a button that is being pressed. */
  function left({ relatedTarget }) {
    if (relatedTarget?.matches("input") && input.value.trim()) read();
  }
  async function read() {
    try {
      const part = await readLine(input.value, place);
      show("Right.", false);
      return part;
    } catch (problem) {
      if (!(problem instanceof Refused)) throw problem;
      show(spoken(problem), true);
      return null;
    }
  }
  function show(text, isWrong) {
    said.replaceChildren(text);
    said.className = `said ${isWrong ? "wrong" : "right"}`;
    input.setAttribute("aria-invalid", String(isWrong));
    announce(`Line ${place + 1}: ${text}`);
  }
  const element = h("div", { class: "line" }, h("label", { for: input.id }, `Line ${place + 1}`), input, said);
  return { element, input, read };
}
