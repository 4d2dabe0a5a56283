/** Rejections and cancellations: one that holds, by anyone concerned, closes a proposal. */
import { fromB64u } from "../canonical.js";
import { challenge, Purpose } from "../purposes.js";
import { Refused } from "../refusal.js";
import { readPaper } from "./papers.js";
import { findSigners } from "./signers.js";

/**
 * The first rejection or cancellation that holds, by the requester or anyone who could sit in a clause.
 * @param {import("./charters.js").Charter[]} charters
 * @param {{charter: any, may: Set<string>}[]} clauses with those who may sit in them
 * @param {any} proposal @param {any} signatures
 * @param {any} requester the person who requests, null if that is not certain
 * @param {import("./charters.js").Charter | null} anybodyOf a charter of which everyone may stop it
 * @returns {Promise<{how: string, person: string} | null>}
 */
export async function findClosing(charters, clauses, proposal, signatures, requester, anybodyOf = null) {
  const isConcerned = ({ charter, person }) =>
    charter === anybodyOf || person.id === requester?.id || clauses.some((one) => one.charter === charter && one.may.has(person.id));
  for (const [how, purpose, type, signed] of [
    ["rejected", Purpose.REJECT, "quorate/rejection-statement/v1", signatures.rejections],
    ["cancelled", Purpose.CANCEL, "quorate/cancellation-statement/v1", signatures.cancellations],
  ]) {
    for (const { statement, assertion } of signed) {
      const bytes = fromB64u(statement);
      const says = readStatement(type, bytes);
      if (says === null || !isAbout(says, proposal)) continue;
      const signers = await findSigners(charters, assertion, await challenge(purpose, bytes));
      const by = signers.find((one) =>
        isConcerned(one) && one.person.id === says.person.id && one.person.name === says.person.name);
      if (by !== undefined) return { how, person: by.person.name };
    }
  }
  return null;
}

/** What a statement says, or null for what is none. */
function readStatement(type, bytes) {
  try {
    return readPaper(type, bytes);
  } catch (problem) {
    if (!(problem instanceof Refused)) throw problem;
    return null;
  }
}

function isAbout(says, proposal) {
  return (
    says.deployment === proposal.deployment && says.proposal === proposal.proposal && says.proposal_hash === proposal.hash
  );
}
