/**
 * How charters come into force: founded by every token of everyone in them, amended under the rules of the old and
 * of the new version, one after the other from an anchor. Only the last version decides.
 */
import { encode, fromB64u, sameBytes } from "../canonical.js";
import { challenge, Purpose } from "../purposes.js";
import { Refused } from "../refusal.js";
import { stated } from "../share_key_shapes.js";
import { verifyAssertion } from "./assertions.js";
import { AMEND, delayBefore, eligibleFor, factsOf, headOf, RECOVER, readCharter, tokensOf, waysFor } from "./charters.js";
import { checkControlled, checkTerms } from "./control.js";
import { seat } from "./matching.js";
import { readPaper } from "./papers.js";
import { tally } from "./quorum.js";
import { checkKept, checkKnown, countRecovery, isSide } from "./recovery.js";
import { readWarrant } from "./warrants.js";

/** @typedef {import("./charters.js").Charter} Charter */

/**
 * All versions of a charter, from the founding one on.
 * @param {Uint8Array[]} links in order, the bytes of each
 * @param {object} by
 * @param {string} by.anchor the hash of the founding version
 * @param {string} by.deployment
 * @param {boolean} by.demo
 * @param {number} by.floor how many people an amendment takes at least, whatever its rule says
 * @param {number} by.now
 * @param {Charter[]} [by.known] the verified chain of another authority, by which its consent must be
 * @returns {Promise<Charter[]>}
 * @throws {Refused} at the first link that does not follow
 */
export async function verifyChain(links, { anchor, deployment, demo, floor, now, known = [] }) {
  if (!links.length) throw new Refused("no-charter");
  const [first, ...rest] = links.map((bytes) => readPaper("quorate/charter-link/v1", bytes));
  const charters = [await verifyFounding(first, { deployment, demo })];
  if (charters[0].hash !== anchor) throw new Refused("other-anchor");
  for (const link of rest) charters.push(await verifyAmendment(charters.at(-1), link, { floor, now, known }));
  return charters;
}

/** @returns {Promise<Charter>} */
async function verifyFounding(link, { deployment, demo }) {
  const charter = await readCharter(fromB64u(link.charter));
  if (link.warrant !== null || charter.version !== 1) throw new Refused("not-founding");
  if (charter.deployment !== deployment || charter.demo !== demo) throw new Refused("other-deployment");
  await checkTokens(charter, link.possession, null);
  checkSatisfiable(charter);
  checkControlled(charter);
  return charter;
}

/** @param {Charter} current @returns {Promise<Charter>} */
async function verifyAmendment(current, link, { floor, now, known }) {
  const charter = await readCharter(fromB64u(link.charter));
  if (link.warrant === null) throw new Refused("no-warrant");
  checkFollows(current, charter);
  const warrant = await readWarrant(fromB64u(link.warrant));
  checkTime(current, warrant.proposal, now);
  if (warrant.proposal.operation === RECOVER) await checkRecovered(current, charter, link, warrant, { floor, now, known });
  else if (link.sides !== undefined) throw new Refused("not-a-recovery");
  else await checkAuthorised(current, charter, warrant, { floor });
  await checkTokens(charter, link.possession, current);
  checkSatisfiable(charter);
  checkControlled(charter);
  return { ...charter, amendedBy: warrant.proposal };
}

/** @param {Charter} current @param {Charter} charter */
function checkFollows(current, charter) {
  const same = (...members) => members.every((name) => sameBytes(encode(current[name]), encode(charter[name])));
  if (charter.version !== current.version + 1 || charter.previous !== current.hash) throw new Refused("does-not-follow");
  if (!same("deployment", "demo", "authority")) throw new Refused("other-authority");
  checkTerms(current, charter);
  if (charter.valid_from < current.valid_from) throw new Refused("goes-back");
}

/** @param {Charter} current @param {Charter} charter */
async function checkAuthorised(current, charter, { proposal, signatures }, { floor }) {
  const old = await tally([current], proposal, signatures, { floor, problems: amendmentProblems(current, charter, proposal) });
  if (!old.authorised) throw new Refused("not-authorised-old", old.problems[0] ?? "missing");
  const young = await tally([charter], proposal, signatures, { floor, after: [current] });
  if (!young.authorised) throw new Refused("not-authorised-new", young.problems[0] ?? "missing");
}

/** It has begun, and its delay can be over. @param {Charter} current @param {any} proposal @param {number} now */
function checkTime(current, proposal, now) {
  if (!(now >= proposal.not_before)) throw new Refused("too-early");
  if (!(now >= proposal.not_before + delayBefore(current, proposal))) throw new Refused("delayed");
}

/** Authorised by the recovery clause of the version before and by the other sides. */
async function checkRecovered(current, charter, link, { proposal, signatures }, { floor, now, known }) {
  checkKept(current, charter);
  const others = await consenting(current, link, { floor, now, known });
  for (const one of others) checkKnown(one, known, proposal);
  const [old, young] = await countRecovery(current, charter, others, proposal, signatures);
  if (!old.authorised) throw new Refused("not-authorised-old", old.problems[0] ?? "missing");
  if (!young.authorised) throw new Refused("not-authorised-new", young.problems[0] ?? "missing");
}

/**
 * The charters by which the other sides consent, each verified from the version on that the clause names.
 * @param {Charter} current @param {any} link @returns {Promise<Charter[]>}
 */
async function consenting(current, link, { floor, now, known }) {
  if (current.recovery === undefined) throw new Refused("no-recovery");
  const { others } = current.recovery;
  const { sides = [] } = link;
  if (sides.length !== others.length) throw new Refused("side-missing");
  const found = [];
  for (const [place, side] of sides.entries()) {
    let charter = await readCharter(fromB64u(side.charter));
    if (charter.hash !== others[place].charter || !isSide(charter, others[place])) throw new Refused("other-side");
    for (const one of side.links) {
      charter = await verifyAmendment(charter, readPaper("quorate/charter-link/v1", fromB64u(one)), { floor, now, known });
    }
    found.push(charter);
  }
  return found;
}

/** @param {Charter} current @param {Charter} charter @returns {string[]} */
function amendmentProblems(current, charter, proposal) {
  const { kind, id, name } = current.authority;
  const wanted = { authority: { kind, id, name }, version: charter.version, charter: charter.hash };
  const isOfThis = proposal.operation === AMEND && proposal.nodes.length === 0;
  const checks = {
    "not-this-amendment": isOfThis && sameBytes(encode(proposal.authorities), encode([headOf(current)])),
    "other-deployment": proposal.deployment === current.deployment && proposal.demo === current.demo,
    "other-amendment": sameBytes(encode(proposal.parameters), encode(wanted)) && proposal.previous === current.hash,
  };
  return Object.keys(checks).filter((code) => !checks[code]);
}

/**
 * Every token that is new, or of which something else is said, has signed the charter, and every share key that is new is certified by its token.
 * @param {Charter} charter @param {any[]} possession @param {Charter | null} before the version before, if any
 */
async function checkTokens(charter, possession, before) {
  const { desk } = charter;
  const given = new Map(possession.map((one) => [one.credential_id, one]));
  const known = before === null ? [] : tokensOf(before);
  const found = await challenge(Purpose.FOUND, charter.bytes);
  for (const { person, token } of tokensOf(charter)) {
    if (known.some((one) => one.person.id === person.id && isSame(factsOf(one.token), factsOf(token)))) continue;
    const assertion = given.get(token.credential_id);
    if (assertion === undefined) throw new Refused("not-proved");
    await checkSigned(assertion, { challenge: found, token, desk }, "not-proved");
  }
  for (const { token } of tokensOf(charter)) {
    if (token.share_key === undefined || known.some((one) => hasSameShareKey(one.token, token))) continue;
    stated(token.share_key);
    const certified = await challenge(Purpose.SHARE_KEY, fromB64u(token.share_key.statement));
    await checkSigned(token.share_key.assertion, { challenge: certified, token, desk }, "not-certified");
  }
}

/** @param {string} code for whatever is wrong with the assertion */
async function checkSigned(assertion, by, code) {
  try {
    await verifyAssertion(assertion, by);
  } catch (problem) {
    throw problem instanceof Refused ? new Refused(code, problem.code) : problem;
  }
}

function hasSameShareKey(one, other) {
  const isSameKey = one.credential_id === other.credential_id && one.public_key === other.public_key;
  return isSameKey && one.share_key !== undefined && isSame(one.share_key, other.share_key);
}

function isSame(one, other) {
  return sameBytes(encode(one), encode(other));
}

/** Everyone together can fill every seat of each alternative of each rule. @param {Charter} charter */
function checkSatisfiable(charter) {
  const people = charter.people.map((one) => one.id);
  const ways = charter.rules.map(({ operation }) => [operation, waysFor(charter, operation)]);
  if (charter.recovery !== undefined) ways.push([RECOVER, [charter.recovery.clauses]]);
  for (const [operation, asked] of ways) {
    for (const way of asked) {
      const clauses = way.map(({ m, ...who }) => ({ m, eligible: eligibleFor(charter, who) }));
      const seated = seat(people, clauses);
      if (clauses.some(({ m }, index) => seated[index].length !== m)) throw new Refused("unsatisfiable", operation);
    }
  }
}
