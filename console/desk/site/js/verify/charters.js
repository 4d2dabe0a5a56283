/** A charter as the verifier asks it: whose token a credential is, and who may take a seat. */
import { sha256Hex } from "../canonical.js";
import { waysOf } from "../charter.js";
import { readDocument } from "../documents.js";

export const AMEND = "charter.amend/v1";
export const RECOVER = "charter.recover/v1";

/**
 * @typedef {object} Charter its members as in the document, and
 * @property {Uint8Array} bytes
 * @property {string} hash SHA-256 of the bytes
 * @property {Map<string, {person: any, token: any}>} tokens by credential id
 */

/** @param {Uint8Array} bytes @returns {Promise<Charter>} */
export async function readCharter(bytes) {
  const value = readDocument("quorate/charter/v1", bytes);
  const tokens = tokensOf(value).map((one) => [one.token.credential_id, one]);
  return { ...value, bytes, hash: await sha256Hex(bytes), tokens: new Map(tokens) };
}

/** Every token of a charter with its person. @returns {{person: any, token: any}[]} */
export function tokensOf(charter) {
  return charter.people.flatMap((person) => person.tokens.map((token) => ({ person, token })));
}

/** All that a charter says of a token but its share key. @param {any} token */
export function factsOf({ share_key, ...facts }) {
  return facts;
}

/** How a proposal names this version. @param {Charter} charter */
export function headOf({ authority, version, hash }) {
  return { ...authority, version, hash };
}

/**
 * The alternatives of the rule for an operation, each a set of clauses; none denies it.
 * @param {Charter} charter @param {string} operation @returns {any[][]}
 */
export function waysFor(charter, operation) {
  return rulesFor([charter], operation).flatMap(waysOf);
}

/**
 * The longest delay, in seconds, that the rules of these charters have for an operation; 0 for none.
 * @param {Charter[]} charters @param {string} operation
 */
export function delayOf(charters, operation) {
  return Math.max(0, ...rulesFor(charters, operation).map(({ delay }) => delay ?? 0));
}

/**
 * How many seconds a proposal for the next version of a charter waits, by what that charter says.
 * @param {Charter} charter @param {any} proposal
 */
export function delayBefore(charter, proposal) {
  if (proposal.operation === RECOVER) return (charter.recovery?.days ?? 0) * 86400;
  return delayOf([charter], AMEND);
}

/** Whether a rule has those who give a share not count. @param {Charter[]} charters @param {string} operation */
export function areCustodiansApart(charters, operation) {
  return rulesFor(charters, operation).some((rule) => rule.custodians_apart === true);
}

/**
 * The rules of these charters for an operation, of those that have one.
 * @param {Charter[]} charters @param {string} operation
 */
export function rulesFor(charters, operation) {
  return charters.flatMap((charter) => charter.rules.filter((rule) => rule.operation === operation));
}

/** The ids of those who may take a seat of a clause. @param {Charter} charter @returns {Set<string>} */
export function eligibleFor(charter, { role, group }) {
  const ids =
    role === null
      ? charter.groups.find((one) => one.name === group).people
      : charter.people.filter((one) => one.roles.includes(role)).map((one) => one.id);
  return new Set(ids);
}
