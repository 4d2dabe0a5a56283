/**
 * Whether enough people have signed: what `hsmnodes/node/protocol/quorum.py` counts, counted once more from the
 * rules in docs/formats/verifier.md. Whatever cannot be checked does not count, and what counts is not guessed.
 */
import { waysOf } from "../charter.js";
import { challenge, Purpose } from "../purposes.js";
import { AMEND, areCustodiansApart, delayOf, eligibleFor, headOf, rulesFor } from "./charters.js";
import { findClosing } from "./closing.js";
import { identitiesIn } from "./identities.js";
import { seat } from "./matching.js";
import { findSigners } from "./signers.js";

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
 * @param {{kinds: string[], floor: number, now: number, announced?: number, contributors?: string[]}} demanded where a
 *   delay is demanded, with when it began; where custodians are to be apart, with the ids of those who give a share
 * @returns {Promise<Verdict>}
 */
export async function evaluate(charters, proposal, signatures, { kinds, floor, now, announced = now, contributors }) {
  const problems = [
    ...bindingProblems(charters, proposal, kinds),
    ...timeProblems(charters, proposal, now, announced),
  ];
  return tally(charters, proposal, signatures, { floor, problems, contributors });
}

/**
 * Counts under some charters, whether or not the proposal names them.
 * @param {object} how
 * @param {number} how.floor
 * @param {string[]} [how.problems]
 * @param {Charter[]} [how.after] the charters under which the request was found good, so that who requests need not be
 *   in a later one any more
 * @param {string[]} [how.contributors]
 * @param {(charter: Charter) => any[]} [how.ruling] the rule by which each charter is asked, or none
 * @param {Charter} [how.anybodyOf] the charter of which everyone may stop it
 * @returns {Promise<Verdict>}
 */
export async function tally(charters, proposal, signatures, how) {
  const { floor, problems = [], after, contributors = [], anybodyOf } = how;
  const ruling = how.ruling ?? ((charter) => rulesFor([charter], proposal.operation));
  const identity = identitiesIn(after === undefined ? charters : [...charters, ...after]);
  const asked = charters.map((charter) => ruling(charter).flatMap(waysOf).map((way) =>
    way.map(({ m, ...who }) => ({ charter, m, may: eligibleFor(charter, who) }))));
  const clauses = asked.flat(2);
  const requester = await findRequester(charters, proposal, signatures.request, after !== undefined);
  const found = [
    ...problems,
    ...ruleProblems(charters, ruling, floor),
    ...lifetimeProblems(charters.flatMap(ruling), proposal),
    ...requester.problems,
  ];
  const seatsOf = await countApprovals(charters, clauses, proposal, signatures.approvals, {
    identity, apart: areCustodiansApart(charters, proposal.operation) ? contributors : [],
  });
  const fillings = oneOfEach(asked).map((way) => fill(way, clauses, seatsOf));
  const { counted, missing } = fillings.reduce((best, one) => (one.missing < best.missing ? one : best));
  const closed = await findClosing(charters, clauses, proposal, signatures, requester.person, anybodyOf);
  return {
    authorised: found.length === 0 && closed === null && clauses.length > 0 && missing === 0,
    problems: found,
    missing,
    counted,
    closed,
  };
}

/**
 * Every choice of one alternative of each charter together with one of every other; those of the first vary last.
 * @param {any[][][]} asked for each charter its alternatives, each a list of clauses
 * @returns {any[][]}
 */
function oneOfEach(asked) {
  return asked.reduce(
    (chosen, ways) => chosen.flatMap((before) => (ways.length ? ways : [[]]).map((way) => [...before, ...way])), [[]]);
}

/** As many seats of these clauses as can be filled, who sits in them, and how many stay empty. */
function fill(way, clauses, seatsOf) {
  const places = way.map((clause) => clauses.indexOf(clause));
  const seats = seat(
    [...seatsOf.keys()],
    way.map(({ m }, index) => ({ m, eligible: thoseWhoMaySit(seatsOf, places[index]) })),
  );
  const counted = seats.flatMap((there, index) =>
    there.map((one) => ({
      identity: one, person: seatsOf.get(one).get(places[index]), authority: way[index].charter.authority,
    })),
  );
  return { counted, missing: way.reduce((sum, { m }) => sum + m, 0) - counted.length };
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

function timeProblems(charters, proposal, now, announced) {
  const problems = [];
  const delay = delayOf(charters, proposal.operation);
  const begun = delay > 0 ? announced : now;
  if (!(begun >= proposal.not_before)) problems.push("too-early");
  else if (!(begun < proposal.expires_at && (begun === now || now < proposal.expires_at + delay))) problems.push("expired");
  for (const charter of charters) {
    if (!(now >= charter.valid_from)) problems.push("charter-not-yet");
    if (!(now < charter.valid_until) && proposal.operation !== AMEND) problems.push("charter-expired");
  }
  return problems;
}

/** @param {Charter[]} charters @param {(charter: Charter) => any[]} ruling @param {number} floor @returns {string[]} */
export function ruleProblems(charters, ruling, floor) {
  return charters.flatMap((charter) => {
    const ways = ruling(charter).flatMap(waysOf);
    if (!ways.length) return ["no-rule"];
    return ways.every((way) => way.reduce((sum, { m }) => sum + m, 0) >= floor) ? [] : ["below-floor"];
  });
}

function lifetimeProblems(rules, { not_before: from, expires_at: until }) {
  return rules
    .filter(({ lifetime }) => lifetime !== undefined && !(until - from <= lifetime))
    .map(() => "lives-too-long");
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
 * the person they are there. The requester never does, nor do those who are to be apart.
 * @returns {Promise<Map<string, Map<number, any>>>}
 */
async function countApprovals(charters, clauses, proposal, approvals, { identity, apart }) {
  const seatsOf = new Map();
  const aside = new Set([proposal.requester.id, ...apart].map(identity));
  const wanted = await challenge(Purpose.APPROVE, proposal.bytes);
  for (const { proposal: hash, assertion } of approvals) {
    const signers = hash === proposal.hash ? await findSigners(charters, assertion, wanted) : [];
    if (!signers.length) continue;
    const who = identity(signers[0].person.id);
    if (aside.has(who)) continue;
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
