/** The shape of a charter: an authority's people, their tokens and roles, and who must sign for what. */
import { fromB64u } from "./canonical.js";
import { Refused } from "./refusal.js";
import { fitTheirPlaces, shareKey } from "./share_key_shapes.js";
import * as is from "./shapes.js";

const LONGEST_VALIDITY = 400 * 86400;
const SIMULATOR_PREFIX = "quorate-simulator:";
export const ES256 = -7;
export const EDDSA = -8;

/** Whether a credential id is of a simulated token. @param {string} credentialId base64url */
export function isSimulated(credentialId) {
  return String.fromCharCode(...fromB64u(credentialId)).startsWith(SIMULATOR_PREFIX);
}

const role = is.oneOf("hsm-administrator", "key-manager", "security-officer", "custodian", "auditor");

const token = is.object(
  {
    credential_id: is.bytes(1364, 22),
    algorithm: is.oneOf(ES256, EDDSA),
    public_key: is.bytes(),
    label: is.name,
    aaguid: is.id,
    attestation: is.object({ format: is.slug, trusted: is.boolean }),
    backup_eligible: is.boolean,
    simulated: is.boolean,
  },
  (value, path) => {
    const key = fromB64u(value.public_key);
    const fits = value.algorithm === ES256 ? key.length === 65 && key[0] === 4 : key.length === 32;
    if (!fits) throw new Refused("bad-field", `${path}.public_key`);
    if (value.simulated !== isSimulated(value.credential_id)) throw new Refused("bad-field", `${path}.simulated`);
  },
  { share_key: shareKey },
);

const person = is.object(
  {
    id: is.id,
    name: is.name,
    organisation: is.named,
    roles: is.list(role, 0, 5),
    tokens: is.list(token, 1, 10),
  },
  (value, path) => {
    if (!is.isSorted(value.roles)) throw new Refused("bad-field", `${path}.roles`);
  },
);

const clause = is.object(
  { role: is.nullable(role), group: is.nullable(is.slug), m: is.integer(1, 64) },
  (value, path) => {
    if ((value.role === null) === (value.group === null)) throw new Refused("bad-field", path);
  },
);

const zoneTerms = is.object({
  service: is.named,
  provider: is.named,
  customer: is.named,
  controller: is.oneOf("provider", "customer"),
});

/** The shape of a charter, given that of a desk. @param {is.Shape} desk @returns {is.Shape} */
export function charter(desk) {
  return is.object(
    {
      type: is.oneOf("quorate/charter/v1"),
      deployment: is.id,
      demo: is.boolean,
      authority: is.object({ kind: is.oneOf("provider", "customer", "zone"), id: is.id, name: is.name }),
      version: is.version,
      previous: is.nullable(is.hash),
      valid_from: is.time,
      valid_until: is.time,
      desk,
      token_rules: is.object({ backup_eligible: is.oneOf("forbidden", "allowed") }),
      zone: is.nullable(zoneTerms),
      people: is.list(person, 1, 1000),
      groups: is.list(is.object({ name: is.slug, people: is.list(is.id, 0, 1000) }), 0, 100),
      rules: is.list(is.object({ operation: is.tag, clauses: is.list(clause, 0, 16) }), 0, 200),
    },
    isConsistent,
  );
}

/** What would mislead who reads it: an order or a number that is not right, somebody or a key twice. */
function isConsistent(value) {
  const tokens = value.people.flatMap((one) => one.tokens);
  const validity = value.valid_until - value.valid_from;
  const known = new Set(value.people.map((one) => one.id));
  const groups = new Set(value.groups.map((group) => group.name));
  const clauses = value.rules.flatMap((rule) => rule.clauses);
  const checks = {
    valid_until: validity > 0 && validity <= LONGEST_VALIDITY,
    previous: (value.version === 1) === (value.previous === null),
    zone: (value.authority.kind === "zone") === (value.zone !== null),
    people: is.isSorted(value.people.map((one) => one.id)) && haveNamesOfTheirOwn(value.people),
    "people.organisation": haveOneNameEach(value.people.map((one) => one.organisation)),
    "people.roles": !value.people.some(hasConflictingDuties),
    "people.tokens":
      areDistinct(tokens.map((one) => one.credential_id)) && areDistinct(tokens.map((one) => one.public_key)),
    "people.share_keys": fitTheirPlaces(value),
    demo: value.demo || !tokens.some((one) => one.simulated),
    token_rules:
      value.token_rules.backup_eligible === "allowed" || !tokens.some((one) => one.backup_eligible),
    groups:
      is.isSorted([...value.groups.map((group) => group.name)]) &&
      value.groups.every((group) => is.isSorted(group.people) && group.people.every((one) => known.has(one))),
    rules:
      is.isSorted(value.rules.map((rule) => rule.operation)) &&
      clauses.every((one) => one.group === null || groups.has(one.group)),
  };
  for (const [path, holds] of Object.entries(checks)) if (!holds) throw new Refused("bad-field", path);
}

/** @param {{name: string, organisation: {id: string}}[]} people */
function haveNamesOfTheirOwn(people) {
  return areDistinct(people.map((one) => `${one.organisation.id} ${foldCase(one.name)}`));
}

/** A text in which letters that differ by case alone are the same (Unicode's full case folding). */
function foldCase(text) {
  return text
    .split("\u0131")
    .map((part) => part.toLowerCase().toUpperCase().toLowerCase())
    .join("\u0131");
}

/** @param {{id: string, name: string}[]} things */
function haveOneNameEach(things) {
  const names = new Map(things.map((one) => [one.id, one.name]));
  return things.every((one) => names.get(one.id) === one.name);
}

/** Who runs HSMs neither manages keys nor holds shares. @param {{roles: string[]}} person */
function hasConflictingDuties({ roles }) {
  return roles.includes("hsm-administrator") && (roles.includes("key-manager") || roles.includes("custodian"));
}

/** @param {string[]} texts */
function areDistinct(texts) {
  return new Set(texts).size === texts.length;
}
