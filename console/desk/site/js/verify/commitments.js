/** The commitment to a share (docs/formats/custody.md): what tells that it was altered, and says nothing about it. */
import { encode, sha256, sha256Hex } from "../canonical.js";

const TAG = new TextEncoder().encode("quorate/commitment/v1\0");

/**
 * @param {Uint8Array} value the share's bytes
 * @param {any} share the document they stand in
 * @returns {Promise<string>}
 */
export async function shareCommitment(value, { deployment, zone, epoch, share_set: number, index }) {
  const context = await sha256(encode([deployment, zone.id, epoch, number, index]));
  return sha256Hex(new Uint8Array([...TAG, ...context, ...value]));
}
