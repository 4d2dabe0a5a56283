/** Making a share key: computed by the token or, where it cannot, drawn here and kept in a file or on a sheet. */
import { b64u, encode, sameBytes } from "./canonical.js";
import { now } from "./checks.js";
import { Purpose } from "./purposes.js";
import { Refused } from "./refusal.js";
import { certifyPage, choosePage, filePages, sheetPages } from "./share_key_pages.js";
import { keyPairFrom, open, pairOf, seal } from "./share_keys.js";

/**
 * @typedef {{answer: {statement: string, assertion: object}, publicKey: Uint8Array}} Made
 */

/**
 * Makes a share key. A token that cannot compute one is told so by its holder's choice of another form.
 * @param {{derive: Function, signAndDerive: Function, sign: Function}} tokens
 * @param {any} request the document on the desk
 * @param {(text: string) => void} say what is waited for
 * @returns {Promise<Made>}
 */
export async function makeShareKey(tokens, request, say) {
  try {
    return await makeByToken(tokens, request, say);
  } catch (problem) {
    if (problem.code !== "token-without-prf") throw problem;
    return makeOtherwise(tokens, request);
  }
}

/**
 * One touch to compute it, whose assertion goes nowhere, and one to certify it; what the token computes then must be
 * the same, and open what was sealed to the key.
 */
async function makeByToken(tokens, request, say) {
  const id = request.credential_id;
  say("First touch: your token computes the share key. Nothing of this leaves the desk.");
  const { publicKey } = await keyPairFrom(await tokens.derive(id), id);
  const statement = encode(statementFor(request, publicKey));
  say("Second touch: your token computes it again, and certifies it.");
  const { assertion, secret } = await tokens.signAndDerive(Purpose.SHARE_KEY, statement, id);
  await proveItOpens(publicKey, (await keyPairFrom(secret, id)).pair, "token-unsteady");
  return { answer: { statement: b64u(statement), assertion }, publicKey };
}

/** Drawn here, kept by its custodian, opened again from what they keep, and only then certified. */
async function makeOtherwise(tokens, request) {
  const kept = await choosePage(request);
  const privateKey = crypto.getRandomValues(new Uint8Array(32));
  const { publicKey } = await pairOf(privateKey);
  const statement = statementFor(request, publicKey, kept);
  const keeping = kept === "file" ? filePages : sheetPages;
  const pair = await keeping({ request, statement, publicKey, privateKey });
  privateKey.fill(0);
  await proveItOpens(publicKey, pair, "other-share-key");
  const bytes = encode(statement);
  const assertion = await certifyPage(statement, request.label, () =>
    tokens.sign(Purpose.SHARE_KEY, bytes, [request.credential_id]));
  return { answer: { statement: b64u(bytes), assertion }, publicKey };
}

/** What the token certifies; `kept` is absent where it computes the key itself. */
function statementFor({ deployment, demo, person, credential_id }, publicKey, kept) {
  const statement = {
    type: "quorate/share-key-statement/v1",
    deployment, demo, person, credential_id,
    public_key: b64u(publicKey),
    at: now(),
  };
  return kept ? { ...statement, kept } : statement;
}

/** What is sealed to the key must open with what was obtained the second time. */
async function proveItOpens(publicKey, pair, otherwise) {
  const plain = crypto.getRandomValues(new Uint8Array(32));
  const context = { purpose: "quorate/share-key-test/v1" };
  try {
    if (sameBytes(await open(await seal(plain, publicKey, context), pair, context), plain)) return;
  } catch {
    // Falls through to the refusal.
  }
  throw new Refused(otherwise);
}
