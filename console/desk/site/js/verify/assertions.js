/**
 * The check of a WebAuthn assertion (WebAuthn Level 3 section 7.2), as strict as the node's: exactly one origin, no
 * other page around it, the user present and verified, one spelling of everything.
 */
import { fromB64u, sha256 } from "../canonical.js";
import { Refused } from "../refusal.js";
import { checkAuthenticatorData } from "./authenticator_data.js";
import { checkClientData } from "./client_data.js";
import { checkTokenSignature } from "./keys.js";

/**
 * @param {any} assertion as a document holds it
 * @param {{challenge: Uint8Array, token: any, desk: {origin: string, rp_id: string}}} by the token and the desk of a
 *   charter, and what it must have signed
 * @throws {Refused} with the first reason why it does not hold
 */
export async function verifyAssertion(assertion, { challenge, token, desk }) {
  if (assertion.credential_id !== token.credential_id) throw new Refused("other-credential");
  const clientData = fromB64u(assertion.client_data);
  checkClientData(clientData, { challenge, origin: desk.origin });
  const data = fromB64u(assertion.authenticator_data);
  await checkAuthenticatorData(data, { rpId: desk.rp_id, backupEligible: token.backup_eligible });
  const signed = new Uint8Array([...data, ...(await sha256(clientData))]);
  await checkTokenSignature(token.algorithm, fromB64u(token.public_key), fromB64u(assertion.signature), signed);
}
