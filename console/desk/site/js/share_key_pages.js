/** The pages on which a custodian whose token cannot compute a share key chooses another form, and keeps it. */
import { sha256Hex } from "./canonical.js";
import { announce, h, showPage } from "./dom.js";
import { paperSheet } from "./paper.js";
import { drawPassphrase, FEWEST_DIFFERENT, isStrong, SHORTEST } from "./passphrases.js";
import { Refused } from "./refusal.js";
import { sealFile, spelt } from "./share_key_file.js";
import { actingForm, field, filePrompt, passphraseInput, sheetPrompt, showTyped } from "./share_key_prompts.js";
import { returnAddress } from "./tickets.js";
import { fingerprint } from "./words.js";

/**
 * What the pages are about.
 * @typedef {{request: any, statement: any, publicKey: Uint8Array, privateKey: Uint8Array}} Keeping
 */

const FORMS = {
  file: {
    title: "An encrypted file",
    kicker: "Encrypted file",
    kept: "in an encrypted file",
    text:
      "The key goes into a small file under a passphrase of yours. Whoever has the file still needs the passphrase, so " +
      "copies can be kept in several places. Forget the passphrase, and your shares are lost.",
    button: "Keep it in a file",
  },
  sheet: {
    title: "A printed sheet",
    kicker: "Printed sheet",
    kept: "on a printed sheet",
    text:
      "The key goes onto paper, as words and as a code. Nothing to forget and nothing to break, but whoever sees the " +
      "sheet has the key: it belongs into a safe or a sealed envelope, and so does the printer's memory.",
    button: "Print it on a sheet",
  },
};

/**
 * Says that the token cannot do it, and asks for another form.
 * @param {any} request
 * @returns {Promise<"file" | "sheet">}
 */
export function choosePage({ label, person }) {
  return page("To make a share key", "This token cannot compute a share key", (resolve) => [
    h("p", {}, `The token “${label}”, or this browser, lacks the PRF extension (hmac-secret), with which a token computes a `,
      "share key and nobody has to keep it. Another token or browser may have it: that is the better way, if there is one."),
    h("p", {}, `Without it, ${person.name} can keep the key in one of two other forms. The token certifies it all the same, `,
      "and everyone sees on the console which form each custodian relies on."),
    h("div", { class: "choices" }, ...Object.entries(FORMS).map(([kept, form]) =>
      h("section", {},
        h("h2", {}, form.title),
        h("p", {}, form.text),
        h("button", { type: "button", class: "plain", click: () => resolve(kept) }, form.button)))),
  ]);
}

/**
 * Makes a file, hands it over, and has it opened again.
 * @param {Keeping} keeping
 * @returns {Promise<{privateKey: CryptoKey}>} from the file
 */
export async function filePages({ request, statement, publicKey, privateKey }) {
  const about = { request, publicKey, at: statement.at };
  const bytes = await page(`${FORMS.file.kicker} · step 1 of 3`, "Choose a passphrase for the file", (resolve, reject) =>
    [passphraseForm({ resolve, reject, seal: (passphrase) => sealFile(about, privateKey, passphrase) })]);
  const name = fileName(request.person.name, await sha256Hex(publicKey));
  save(bytes, name);
  return page(`${FORMS.file.kicker} · step 2 of 3`, "Keep the file, then open it again", (resolve, reject) => [
    h("p", {}, "Your browser has saved ", h("code", {}, name), ". Put it where you will find it in years, and a copy ",
      "elsewhere; keep the passphrase apart from both."),
    h("p", {}, "Now open it as you would when it is needed. What cannot be opened now is not certified."),
    h("p", {}, h("button", { type: "button", class: "plain", click: () => save(bytes, name) }, "Save the file again")),
    filePrompt([statement], { resolve, reject }),
  ]);
}

function passphraseForm({ resolve, reject, seal }) {
  const [first, again] = [passphraseInput(), passphraseInput()];
  const drawn = h("p", { class: "drawn", role: "status" });
  const strength =
    `At least ${SHORTEST} characters, ${FEWEST_DIFFERENT} of them different. Whoever gets the file can try passphrases for as ` +
    "long as they like; what people think of is found sooner than what is drawn.";
  const draw = () => drawn.replaceChildren(h("strong", {}, drawPassphrase()), " Write them down, then type them.");
  return actingForm({
    children: [
      field("new-passphrase", "Passphrase", strength, first),
      h("div", { class: "draw" },
        h("button", { type: "button", class: "plain", click: draw }, "Draw six words for me"),
        drawn),
      field("again", "The same again", "", again),
      showTyped(first, again),
    ],
    button: "Make the file",
    busy: "Encrypting it: a million rounds of hashing, which takes a moment.",
    fail: reject,
    async act() {
      if (!isStrong(first.value)) throw new Refused("passphrase-weak");
      if (spelt(first.value) !== spelt(again.value)) throw new Refused("passphrase-differs");
      resolve(await seal(first.value));
    },
  });
}

/** Hands bytes to the browser as a file to save. */
function save(bytes, name) {
  const address = URL.createObjectURL(new Blob([bytes], { type: "application/json" }));
  h("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
}

/** A name that tells files apart, in letters that every file system has. */
function fileName(person, hash) {
  const slug = person.normalize("NFKD").replace(/[^A-Za-z0-9]+/g, "-").replace(/^-|-$/g, "").toLowerCase();
  return `share-key-${slug || "of"}-${fingerprint(hash).slice(0, 2).join("-")}.json`;
}

/**
 * Shows a sheet to be printed, and has it typed back.
 * @param {Keeping} keeping
 * @returns {Promise<{privateKey: CryptoKey}>} from the sheet
 */
export async function sheetPages({ request, statement, publicKey, privateKey }) {
  const paper = await paperSheet({ request, statement, privateKey, words: fingerprint(await sha256Hex(publicKey)) });
  for (;;) {
    await page(`${FORMS.sheet.kicker} · step 1 of 3`, "Print the sheet", (resolve) => [
      h("p", {}, "Whoever sees this has the key. Be alone with it, use a printer that nobody else reads from, and print no ",
        "copy that you do not need. It is shown here once and kept nowhere."),
      paper,
      actions(
        h("button", { type: "button", class: "plain", click: () => window.print() }, "Print"),
        h("button", { type: "button", class: "sign", click: () => resolve(null) }, "I have it on paper: type it back")),
    ]);
    const pair = await page(`${FORMS.sheet.kicker} · step 2 of 3`, "Type the sheet back", (resolve, reject) => [
      h("p", {}, "From the paper, not from memory: what cannot be read now is not certified."),
      sheetPrompt([statement], { resolve, reject }),
      h("button", { type: "button", class: "leave", click: () => resolve(null) }, "Show the sheet once more"),
    ]);
    if (pair) return pair;
  }
}

/**
 * Has the token certify what was opened again.
 * @param {any} statement
 * @param {string} label of the token
 * @param {() => Promise<object>} sign
 * @returns {Promise<object>} the assertion
 */
export function certifyPage(statement, label, sign) {
  const form = FORMS[statement.kept];
  return page(`${form.kicker} · step 3 of 3`, "It opens. Now your token certifies it", (resolve, reject) => [
    h("p", {}, "With this signature the share key can be admitted into a charter. From then on shares are sealed to it."),
    h("dl", { class: "facts" },
      h("dt", {}, "Person"), h("dd", {}, statement.person.name),
      h("dt", {}, "Kept"), h("dd", {}, form.kept),
      h("dt", {}, "Public key"), h("dd", {}, h("code", {}, statement.public_key))),
    actingForm({
      children: [],
      button: `Certify the share key with “${label}”`,
      busy: "Touch your security token, and give its PIN or your finger if it asks.",
      fail: reject,
      act: async () => resolve(await sign()),
    }),
  ]);
}

/**
 * A page that is left when one of its parts says what came of it.
 * @param {string} kicker @param {string} title
 * @param {(resolve: (value: any) => void, reject: (problem: unknown) => void) => (Node | null)[]} build
 * @returns {Promise<any>}
 */
function page(kicker, title, build) {
  return new Promise((resolve, reject) => {
    showPage(
      h("article", { class: "card keeping" },
        h("p", { class: "kicker" }, kicker),
        h("h1", { tabindex: "-1" }, title),
        ...build(resolve, reject),
        h("a", { class: "leave", href: returnAddress() }, "Leave without a share key")),
    );
    announce(title);
  });
}

function actions(...children) {
  return h("div", { class: "actions" }, ...children);
}
