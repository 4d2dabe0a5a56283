/** The shape of a charter: an authority's people, their tokens and roles, and who must sign for what. */
import { fromB64u } from "./canonical.js";
import { Refused } from "./refusal.js";
import { fitTheirPlaces, shareKey } from "./share_key_shapes.js";
import * as is from "./shapes.js";
import { checkTokens, MOST_TOKENS, tokenRules } from "./token_rules.js";

const LONGEST_VALIDITY = 400 * 86400;
const SIMULATOR_PREFIX = "quorate-simulator:";
export const ES256 = -7;
export const EDDSA = -8;

/** Whether a credential id is of a simulated token. @param {string} credentialId base64url */
export function isSimulated(credentialId) {
  return String.fromCharCode(...fromB64u(credentialId)).startsWith(SIMULATOR_PREFIX);
}

export const role = is.oneOf("hsm-administrator", "key-manager", "security-officer", "custodian", "auditor");

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
    tokens: is.list(token, 1, MOST_TOKENS),
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

const MOST_CLAUSES = 16;
const MOST_ALTERNATIVES = 3;
const LONGEST_DELAY = 30 * 86400;
const LONGEST_LIFETIME = 7 * 86400;
const SHORTEST_RECOVERY = 7;
const LONGEST_RECOVERY = 90;
const RECOVER = "charter.recover/v1";
/** The other sides that a recovery takes, by the kind of authority that is recovered. */
const SIDES = { zone: ["customer", "provider"], customer: ["provider"], provider: ["customer"] };

export const rule = is.object(
  { operation: is.tag, clauses: is.list(clause, 0, MOST_CLAUSES) },
  (value, path) => {
    if (value.alternatives !== undefined && !value.clauses.length) throw new Refused("bad-field", path);
  },
  {
    alternatives: is.list(is.list(clause, 1, MOST_CLAUSES), 1, MOST_ALTERNATIVES),
    delay: is.integer(1, LONGEST_DELAY),
    lifetime: is.integer(1, LONGEST_LIFETIME),
    hours: is.plainText(1, 200),
    custodians_apart: is.oneOf(true),
  },
);

/**
 * The alternatives of a rule, each a set of clauses that is enough by itself; none, if nobody can sign.
 * @param {{clauses: any[], alternatives?: any[][]}} rule
 */
export function waysOf({ clauses, alternatives = [] }) {
  return clauses.length ? [clauses, ...alternatives] : [];
}

const kind = is.oneOf("provider", "customer", "zone");

export const recovery = is.object({
  clauses: is.list(clause, 1, MOST_CLAUSES),
  days: is.integer(SHORTEST_RECOVERY, LONGEST_RECOVERY),
  others: is.list(is.object({ kind, id: is.id, name: is.name, charter: is.hash }), 1, 2),
});

export const group = is.object({ name: is.slug, people: is.list(is.id, 0, 1000) });
export const zoneTerms = is.object({
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
      authority: is.object({ kind, id: is.id, name: is.name }),
      version: is.version,
      previous: is.nullable(is.hash),
      valid_from: is.time,
      valid_until: is.time,
      desk,
      token_rules: tokenRules,
      zone: is.nullable(zoneTerms),
      people: is.list(person, 1, 1000),
      groups: is.list(group, 0, 100),
      rules: is.list(rule, 0, 200),
    },
    isConsistent,
    { recovery },
  );
}

/** What would mislead who reads it: an order or a number that is not right, somebody or a key twice. */
function isConsistent(value) {
  const tokens = value.people.flatMap((one) => one.tokens);
  const validity = value.valid_until - value.valid_from;
  const known = new Set(value.people.map((one) => one.id));
  const groups = new Set(value.groups.map((group) => group.name));
  const clauses = [...value.rules.flatMap(waysOf).flat(), ...(value.recovery?.clauses ?? [])];
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
    groups:
      is.isSorted([...value.groups.map((group) => group.name)]) &&
      value.groups.every((group) => is.isSorted(group.people) && group.people.every((one) => known.has(one))),
    rules:
      is.isSorted(value.rules.map((rule) => rule.operation)) &&
      value.rules.every((rule) => rule.operation !== RECOVER) &&
      clauses.every((one) => one.group === null || groups.has(one.group)),
    recovery: value.recovery === undefined || namesTheOtherSide(value),
  };
  for (const [path, holds] of Object.entries(checks)) if (!holds) throw new Refused("bad-field", path);
  checkTokens(value);
}

/** Whether a recovery clause names just the sides it takes, those of a zone as its terms do. */
function namesTheOtherSide({ authority, zone, recovery: { others } }) {
  const isTheZones = ({ kind, id, name }) => zone === null || (zone[kind].id === id && zone[kind].name === name);
  return others.map((one) => one.kind).join() === SIDES[authority.kind].join() && others.every(isTheZones);
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
