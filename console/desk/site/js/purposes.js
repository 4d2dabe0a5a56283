/** What a signature is for. The purpose is part of what is signed (DSSE pre-authentication encoding). */
import { sha256 } from "./canonical.js";

/** The purposes a person's token may sign for at this desk. */
export const Purpose = Object.freeze({
  SIGN_IN: "quorate/sign-in/v1",
  ENROL: "quorate/enrol/v1",
  PROPOSE: "quorate/propose/v1",
  APPROVE: "quorate/approve/v1",
  REJECT: "quorate/reject/v1",
  CANCEL: "quorate/cancel/v1",
  SUSPEND: "quorate/suspend/v1",
  FOUND: "quorate/found/v1",
  SHARE_KEY: "quorate/share-key/v1",
  CONTRIBUTE: "quorate/contribute/v1",
});

const utf8 = new TextEncoder();

/**
 * The pre-authentication encoding of a document's bytes for a purpose (DSSE v1, "PAE").
 * @param {string} purpose
 * @param {Uint8Array} bytes
 */
export function pae(purpose, bytes) {
  const name = utf8.encode(purpose);
  const head = utf8.encode(`DSSEv1 ${name.length} ${purpose} ${bytes.length} `);
  const whole = new Uint8Array(head.length + bytes.length);
  whole.set(head);
  whole.set(bytes, head.length);
  return whole;
}

/**
 * The 32 bytes a token signs: SHA-256 over the encoding of the bytes for the purpose.
 * @param {string} purpose
 * @param {Uint8Array} bytes
 */
export function challenge(purpose, bytes) {
  return sha256(pae(purpose, bytes));
}
