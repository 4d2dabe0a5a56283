/** What the token says of itself (WebAuthn Level 3 section 6.1): for whom it signed, who was there, and no more. */
import { sameBytes, sha256 } from "../canonical.js";
import { Refused } from "../refusal.js";
import { isOneMap } from "./cbor.js";

const PRESENT = 0x01;
const VERIFIED = 0x04;
const BACKUP_ELIGIBLE = 0x08;
const BACKED_UP = 0x10;
const ATTESTED = 0x40;
const EXTENSIONS = 0x80;
const HASH = 32;
const FIXED = 37;
const utf8 = new TextEncoder();

/**
 * @param {Uint8Array} bytes
 * @param {{rpId: string, backupEligible: boolean}} wanted the relying party, and what the token was admitted as
 * @throws {Refused} unless it is for the relying party, with its user present and verified
 */
export async function checkAuthenticatorData(bytes, { rpId, backupEligible }) {
  if (bytes.length < FIXED) throw new Refused("bad-authenticator-data");
  if (!sameBytes(bytes.subarray(0, HASH), await sha256(utf8.encode(rpId)))) throw new Refused("other-relying-party");
  const flags = bytes[HASH];
  const has = (flag) => (flags & flag) !== 0;
  if (!has(PRESENT)) throw new Refused("user-not-present");
  if (!has(VERIFIED)) throw new Refused("user-not-verified");
  if (has(BACKUP_ELIGIBLE) !== backupEligible || (has(BACKED_UP) && !backupEligible)) throw new Refused("backup-flags");
  if (has(ATTESTED)) throw new Refused("bad-authenticator-data");
  const rest = bytes.subarray(FIXED);
  if (has(EXTENSIONS) ? !isOneMap(rest) : rest.length) throw new Refused("bad-authenticator-data");
}
