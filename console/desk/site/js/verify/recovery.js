/**
 * Recovery below quorum: what `hsmnodes/node/protocol/recovery.py` holds to, once more from docs/formats/verifier.md.
 */
import { encode, sameBytes } from "../canonical.js";
import { Refused } from "../refusal.js";
import { AMEND, delayBefore, factsOf, headOf, RECOVER, rulesFor, tokensOf } from "./charters.js";
import { ruleProblems, tally } from "./quorum.js";

const OTHERS_FLOOR = 2;
const KEPT = ["rules", "recovery", "zone", "token_rules", "desk"];

/** @typedef {import("./charters.js").Charter} Charter */

/** A recovery changes who has duties, and nothing else. @param {Charter} current @param {Charter} charter */
export function checkKept(current, charter) {
  const changed = KEPT.find((name) => !isSame(current[name] ?? null, charter[name] ?? null));
  const names = ({ groups }) => groups.map((one) => one.name);
  if (changed !== undefined || !isSame(names(current), names(charter))) throw new Refused("changes-more", changed ?? "groups");
  if (tokensOf(charter).some(({ token }) => isDescribedAnew(token, current))) throw new Refused("changes-more", "tokens");
}

/** Whether a token stays, by its credential or its key, and something else is said of it. @param {Charter} current */
function isDescribedAnew(token, current) {
  const stood = tokensOf(current).filter(
    (one) => one.token.credential_id === token.credential_id || one.token.public_key === token.public_key,
  );
  return stood.length > 0 && !stood.some((one) => isSame(factsOf(one.token), factsOf(token)));
}

/**
 * The count by the clause and the other sides together, and by the rule for amendments of the new version.
 * @param {Charter} current @param {Charter} charter
 * @param {Charter[]} others of the other sides, as the clause names them
 * @param {any} proposal @param {any} signatures
 * @returns {Promise<import("./quorum.js").Verdict[]>}
 */
export async function countRecovery(current, charter, others, proposal, signatures) {
  const amending = (one) => rulesFor([one], AMEND);
  const old = await tally([current, ...others], proposal, signatures, {
    floor: 1,
    problems: [...problemsOf(current, charter, others, proposal), ...ruleProblems(others, amending, OTHERS_FLOOR)],
    ruling: (one) => (one === current ? [{ operation: RECOVER, clauses: current.recovery.clauses }] : amending(one)),
    anybodyOf: current,
  });
  const young = await tally([charter], proposal, signatures, {
    floor: OTHERS_FLOOR,
    after: [current, ...others],
    ruling: amending,
  });
  return [old, young];
}

/** Whether this is a charter of the other side that a clause names. @param {Charter} charter */
export function isSide({ authority }, { kind, id, name }) {
  return isSame(authority, { kind, id, name });
}

/**
 * A side consents by a charter that is of its chain, where that is known, and that had not been replaced before the
 * recovery came to be proposed.
 * @param {Charter} charter by which it consents
 * @param {(Charter & {amendedBy?: any})[]} known the verified chain of another authority, or none
 * @param {any} proposal
 * @throws {Refused}
 */
export function checkKnown(charter, known, proposal) {
  const { authority, version, hash } = charter;
  const chain = known.filter((one) => one.authority.kind === authority.kind && one.authority.id === authority.id);
  if (!chain.length) return;
  const here = chain.find((one) => one.version === version);
  if (here === undefined) throw new Refused("side-unknown");
  if (here.hash !== hash) throw new Refused("other-side");
  const following = chain.find((one) => one.version === version + 1)?.amendedBy;
  if (following !== undefined && following.expires_at + delayBefore(charter, following) <= proposal.not_before) {
    throw new Refused("side-replaced");
  }
}

/** @returns {string[]} */
function problemsOf(current, charter, others, proposal) {
  const { kind, id, name } = current.authority;
  const { days, others: named } = current.recovery;
  const sides = named.map((one) => ({ kind: one.kind, id: one.id, name: one.name }));
  const wanted = { authority: { kind, id, name }, version: charter.version, charter: charter.hash, days, others: sides };
  const heads = [current, ...others].map(headOf).sort(byKindAndId);
  const alike = (one) => one.deployment === current.deployment && one.demo === current.demo;
  const isOfThis = proposal.operation === RECOVER && proposal.nodes.length === 0;
  const checks = {
    "not-this-recovery": isOfThis && isSame(proposal.authorities, heads),
    "other-deployment": [proposal, ...others].every(alike),
    "other-recovery": isSame(proposal.parameters, wanted) && proposal.previous === current.hash,
    "side-expired": others.every((one) => one.valid_from < proposal.expires_at && proposal.not_before < one.valid_until),
  };
  return Object.keys(checks).filter((code) => !checks[code]);
}

function byKindAndId(one, other) {
  const key = ({ kind, id }) => `${kind} ${id}`;
  return key(one) < key(other) ? -1 : 1;
}

function isSame(one, other) {
  return sameBytes(encode(one), encode(other));
}
