/** Whose token made an assertion, by each charter that has the credential. */
import { Refused } from "../refusal.js";
import { verifyAssertion } from "./assertions.js";

/**
 * @typedef {{charter: import("./charters.js").Charter, person: any, token: any}} Signer
 */

/**
 * @param {import("./charters.js").Charter[]} charters
 * @param {any} assertion
 * @param {Uint8Array} challenge
 * @returns {Promise<Signer[]>} none, if it holds under no charter
 */
export async function findSigners(charters, assertion, challenge) {
  const signers = [];
  for (const charter of charters) {
    const found = charter.tokens.get(assertion.credential_id);
    if (found === undefined) continue;
    try {
      await verifyAssertion(assertion, { challenge, token: found.token, desk: charter.desk });
      signers.push({ charter, ...found });
    } catch (problem) {
      if (!(problem instanceof Refused)) throw problem;
    }
  }
  return signers;
}
