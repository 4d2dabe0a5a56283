/** A charter as the verifier asks it: whose token a credential is, and who may take a seat. */
import { sha256Hex } from "../canonical.js";
import { readDocument } from "../documents.js";

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

/** How a proposal names this version. @param {Charter} charter */
export function headOf({ authority, version, hash }) {
  return { ...authority, version, hash };
}

/** The clauses of the rule for an operation; none denies it. @param {Charter} charter @param {string} operation */
export function clausesFor(charter, operation) {
  return charter.rules.find((rule) => rule.operation === operation)?.clauses ?? [];
}

/** The ids of those who may take a seat of a clause. @param {Charter} charter @returns {Set<string>} */
export function eligibleFor(charter, { role, group }) {
  const ids =
    role === null
      ? charter.groups.find((one) => one.name === group).people
      : charter.people.filter((one) => one.roles.includes(role)).map((one) => one.id);
  return new Set(ids);
}
