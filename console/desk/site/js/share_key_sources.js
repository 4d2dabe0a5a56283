/** Where a custodian's share key comes from when a share is to be opened: the token, a file, or a sheet. */
import { h } from "./dom.js";
import { Refused } from "./refusal.js";
import { filePrompt, sheetPrompt } from "./share_key_prompts.js";
import { keyPairFrom } from "./share_keys.js";

const PROMPTS = {
  file: { title: "Your share key is in an encrypted file", prompt: filePrompt },
  sheet: { title: "Your share key is on a printed sheet", prompt: sheetPrompt },
};

/**
 * Obtains the private key of a certified share key and, if there is something to sign, the token's signature: with
 * one touch where the token computes the key, and otherwise after the file or the sheet was opened.
 * @param {object} asked
 * @param {string} asked.credentialId of the token with which the share key stands
 * @param {any[]} asked.statements what the token certified of its share keys (see `stated`), the newest first: a share may
 *   be sealed to an earlier one; empty where nothing is known, and then only the token can have it
 * @param {{sign: Function, derive: Function, signAndDerive: Function}} asked.tokens
 * @param {{purpose: string, bytes: Uint8Array} | null} asked.toSign
 * @param {(text: string) => void} asked.say what is waited for
 * @returns {Promise<{pair: {privateKey: CryptoKey}, assertion: object | null}>} the pair opens boxes (`open`)
 * @throws {Refused} `key-not-given` where the person leaves
 */
export async function openShareKey({ credentialId, statements, tokens, toSign, say }) {
  if (statements[0]?.kept) return fromPrompt(credentialId, statements, tokens, toSign, say);
  if (!toSign) {
    say("Touch your security token: it computes your share key.");
    return { pair: (await keyPairFrom(await tokens.derive(credentialId), credentialId)).pair, assertion: null };
  }
  say("Touch your security token: it signs, and opens your share. The share is not sent anywhere yet.");
  const { assertion, secret } = await tokens.signAndDerive(toSign.purpose, toSign.bytes, credentialId);
  return { pair: (await keyPairFrom(secret, credentialId)).pair, assertion };
}

async function fromPrompt(credentialId, statements, tokens, toSign, say) {
  const pair = await ask(statements.filter(({ kept }) => kept === statements[0].kept));
  if (!toSign) return { pair, assertion: null };
  say("Touch your security token, and give its PIN or your finger if it asks.");
  return { pair, assertion: await tokens.sign(toSign.purpose, toSign.bytes, [credentialId]) };
}

/** A dialog over what lies on the desk. */
function ask(statements) {
  const { title, prompt } = PROMPTS[statements[0].kept];
  return new Promise((resolve, reject) => {
    const close = (settle) => (value) => {
      dialog.close();
      dialog.remove();
      settle(value);
    };
    const leave = () => close(reject)(new Refused("key-not-given"));
    // Who closes the browser's list of files cancels that, not this dialog; the event comes by here, too.
    const cancel = (event) => event.target === dialog && leave();
    const dialog = h("dialog", { class: "prompt keeping", "aria-labelledby": "prompt-title", cancel },
      h("h2", { id: "prompt-title" }, title),
      prompt(statements, { resolve: close(resolve), reject: close(reject) }),
      h("button", { type: "button", class: "leave", click: leave }, "Not now"));
    document.body.append(dialog);
    dialog.showModal();
  });
}
