/**
 * Whether enough people have signed: what `hsmnodes/node/protocol/quorum.py` counts, counted once more from the
 * rules in docs/formats/verifier.md. Whatever cannot be checked does not count, and what counts is not guessed.
 */
import { challenge, Purpose } from "../purposes.js";
import { clausesFor, eligibleFor, headOf } from "./charters.js";
import { findClosing } from "./closing.js";
import { identitiesIn } from "./identities.js";
import { seat } from "./matching.js";
import { findSigners } from "./signers.js";

export const AMEND = "charter.amend/v1";

/**
 * @typedef {import("./charters.js").Charter} Charter
 * @typedef {object} Verdict
 * @property {boolean} authorised whether nothing speaks against it and every seat is filled
 * @property {string[]} problems why it cannot be authorised whoever signs
 * @property {number} missing how many seats are empty
 * @property {{identity: string, person: any, authority: any}[]} counted who sits in a seat
 * @property {{how: string, person: string} | null} closed
 */

/**
 * Counts under just the charters the proposal names, at a time.
 * @param {Charter[]} charters
 * @param {any} proposal with its `bytes` and `hash`
 * @param {any} signatures the warrant they are in
 * @param {{kinds: string[], floor: number, now: number}} demanded
 * @returns {Promise<Verdict>}
 */
export async function evaluate(charters, proposal, signatures, { kinds, floor, now }) {
  const problems = [...bindingProblems(charters, proposal, kinds), ...timeProblems(charters, proposal, now)];
  return tally(charters, proposal, signatures, { floor, problems });
}

/**
 * Counts under some charters, whether or not the proposal names them.
 * @param {{floor: number, problems?: string[], after?: Charter}} with the version before, under which the request was
 *   found good, so that who requests need not be in a later one any more
 * @returns {Promise<Verdict>}
 */
export async function tally(charters, proposal, signatures, { floor, problems = [], after }) {
  const identity = identitiesIn(after === undefined ? charters : [...charters, after]);
  const clauses = charters.flatMap((charter) =>
    clausesFor(charter, proposal.operation).map(({ m, ...who }) => ({ charter, m, may: eligibleFor(charter, who) })),
  );
  const requester = await findRequester(charters, proposal, signatures.request, after !== undefined);
  const found = [...problems, ...ruleProblems(charters, proposal, floor), ...requester.problems];
  const seatsOf = await countApprovals(charters, clauses, proposal, signatures.approvals, identity);
  const seats = seat(
    [...seatsOf.keys()],
    clauses.map(({ m }, index) => ({ m, eligible: thoseWhoMaySit(seatsOf, index) })),
  );
  const counted = seats.flatMap((there, index) =>
    there.map((one) => ({
      identity: one, person: seatsOf.get(one).get(index), authority: clauses[index].charter.authority,
    })),
  );
  const closed = await findClosing(charters, clauses, proposal, signatures, requester.person);
  const missing = clauses.reduce((sum, { m }) => sum + m, 0) - counted.length;
  return {
    authorised: found.length === 0 && closed === null && clauses.length > 0 && missing === 0,
    problems: found,
    missing,
    counted,
    closed,
  };
}

function bindingProblems(charters, proposal, kinds) {
  const named = proposal.authorities.map((one) => one.kind).sort();
  if (!kinds.length || named.join() !== [...kinds].sort().join()) return ["wrong-authorities"];
  const key = ({ kind, id, name, version, hash }) => JSON.stringify([kind, id, name, version, hash]);
  const wanted = proposal.authorities.map(key).sort();
  const given = charters.map((charter) => key(headOf(charter))).sort();
  if (wanted.length !== given.length || wanted.some((one, place) => one !== given[place])) return ["other-charter"];
  const elsewhere = charters.some((one) => one.deployment !== proposal.deployment || one.demo !== proposal.demo);
  return elsewhere ? ["other-deployment"] : [];
}

function timeProblems(charters, proposal, now) {
  const problems = [];
  if (!(now >= proposal.not_before)) problems.push("too-early");
  if (!(now < proposal.expires_at)) problems.push("expired");
  for (const charter of charters) {
    if (!(now >= charter.valid_from)) problems.push("charter-not-yet");
    if (!(now < charter.valid_until) && proposal.operation !== AMEND) problems.push("charter-expired");
  }
  return problems;
}

function ruleProblems(charters, proposal, floor) {
  return charters.flatMap((charter) => {
    const seats = clausesFor(charter, proposal.operation).reduce((sum, { m }) => sum + m, 0);
    if (seats === 0) return ["no-rule"];
    return seats >= floor ? [] : ["below-floor"];
  });
}

/** Who requests: their token signed the proposal, and they are who it says. */
async function findRequester(charters, proposal, request, wasFoundGood) {
  const signers = await findSigners(charters, request, await challenge(Purpose.PROPOSE, proposal.bytes));
  if (!signers.length) return { person: null, problems: wasFoundGood ? [] : ["request-refused"] };
  const { id, name, organisation } = proposal.requester;
  const person = signers.map((one) => one.person).find((one) =>
    one.id === id && one.name === name &&
    one.organisation.id === organisation.id && one.organisation.name === organisation.name);
  return person === undefined ? { person: null, problems: ["other-requester"] } : { person, problems: [] };
}

/**
 * The approvals that count: for each identity, in the order in which they came, the clauses they may sit in, with
 * the person they are there. The requester never does.
 * @returns {Promise<Map<string, Map<number, any>>>}
 */
async function countApprovals(charters, clauses, proposal, approvals, identity) {
  const seatsOf = new Map();
  const wanted = await challenge(Purpose.APPROVE, proposal.bytes);
  for (const { proposal: hash, assertion } of approvals) {
    const signers = hash === proposal.hash ? await findSigners(charters, assertion, wanted) : [];
    if (!signers.length) continue;
    const who = identity(signers[0].person.id);
    if (who === identity(proposal.requester.id)) continue;
    const seats = clauses.flatMap(({ charter, may }, index) =>
      signers.filter((one) => one.charter === charter && may.has(one.person.id)).map((one) => [index, one.person]));
    if (seats.length) seatsOf.set(who, new Map([...(seatsOf.get(who) ?? []), ...seats]));
  }
  return seatsOf;
}

/** @param {Map<string, Map<number, any>>} seatsOf @param {number} index of a clause */
function thoseWhoMaySit(seatsOf, index) {
  return new Set([...seatsOf].filter(([, seats]) => seats.has(index)).map(([who]) => who));
}
