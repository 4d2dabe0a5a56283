/** Where a custodian's share key comes from when a share is to be opened: the token, a file, or a sheet. */
import { b64u } from "./canonical.js";
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
 * @param {any} asked.statement the share key's, as a charter holds it (see `stated`)
 * @param {{sign: Function, derive: Function, signAndDerive: Function}} asked.tokens
 * @param {{purpose: string, bytes: Uint8Array} | null} asked.toSign
 * @param {(text: string) => void} asked.say what is waited for
 * @returns {Promise<{pair: {privateKey: CryptoKey}, assertion: object | null}>} the pair opens boxes (`open`)
 * @throws {Refused} `key-not-given` where the person leaves; `token-other-key` where the token computes another key
 */
export async function openShareKey({ statement, tokens, toSign, say }) {
  if (statement.kept) return fromPrompt(statement, tokens, toSign, say);
  say("Touch your security token: it computes your share key.");
  const id = statement.credential_id;
  const { assertion, secret } = toSign
    ? await tokens.signAndDerive(toSign.purpose, toSign.bytes, id)
    : { assertion: null, secret: await tokens.derive(id) };
  const { publicKey, pair } = await keyPairFrom(secret, id);
  if (b64u(publicKey) !== statement.public_key) throw new Refused("token-other-key");
  return { pair, assertion };
}

async function fromPrompt(statement, tokens, toSign, say) {
  const pair = await ask(statement);
  if (!toSign) return { pair, assertion: null };
  say("Touch your security token, and give its PIN or your finger if it asks.");
  return { pair, assertion: await tokens.sign(toSign.purpose, toSign.bytes, [statement.credential_id]) };
}

/** A dialog over what lies on the desk. */
function ask(statement) {
  const { title, prompt } = PROMPTS[statement.kept];
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
      prompt(statement, { resolve: close(resolve), reject: close(reject) }),
      h("button", { type: "button", class: "leave", click: leave }, "Not now"));
    document.body.append(dialog);
    dialog.showModal();
  });
}
