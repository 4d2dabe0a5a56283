/**
 * Who controls a zone: the side, provider or customer, whose people may hold its backup key. What decides on that
 * key, on where the zone's keys can be, or on the charter takes two of them.
 */
import { encode, sameBytes } from "../canonical.js";
import { waysOf } from "../charter.js";
import { Refused } from "../refusal.js";
import { eligibleFor } from "./charters.js";
import { identitiesIn } from "./identities.js";

const DECISIVE = ["backup-key.", "charter.", "slot.", "token.", "warrant.", "zone."];
const FLOOR = 2;
const RECOVER = "charter.recover/v1";

/** @typedef {import("./charters.js").Charter} Charter */

/** Nobody but the side that its charter names controls a zone. @param {Charter} charter @throws {Refused} */
export function checkControlled(charter) {
  if (charter.zone === null) return;
  const { provider, customer, controller } = charter.zone;
  const side = controller === "provider" ? provider : customer;
  for (const { organisation, roles } of charter.people) {
    if (!isSame(organisation, provider) && !isSame(organisation, customer)) throw new Refused("foreign-person");
    if (roles.includes("custodian") && !isSame(organisation, side)) throw new Refused("foreign-custodian");
  }
  const theirs = new Set(charter.people.filter((one) => isSame(one.organisation, side)).map((one) => one.id));
  const asked = charter.rules.flatMap((rule) => waysOf(rule).map((way) => [rule.operation, way]));
  if (charter.recovery !== undefined) asked.push([RECOVER, charter.recovery.clauses]);
  for (const [operation, clauses] of asked) {
    if (!DECISIVE.some((area) => operation.startsWith(area))) continue;
    const held = clauses.filter((clause) => [...eligibleFor(charter, clause)].every((one) => theirs.has(one)));
    if (seats(held) < Math.min(FLOOR, seats(clauses))) throw new Refused("not-controlled", operation);
  }
}

/**
 * From one version to the next control alone may change hands, and nobody changes sides.
 * @param {Charter} before @param {Charter} after @throws {Refused}
 */
export function checkTerms(before, after) {
  if (before.zone === null) return;
  const { controller } = before.zone;
  if (after.zone === null || !isSame({ ...after.zone, controller }, before.zone)) throw new Refused("other-terms");
  const identity = identitiesIn([before, after]);
  const sides = new Map();
  for (const { id, organisation } of [...before.people, ...after.people]) {
    const side = sides.get(identity(id)) ?? organisation.id;
    if (side !== organisation.id) throw new Refused("other-organisation");
    sides.set(identity(id), side);
  }
}

/** How many people clauses ask for together. @param {{m: number}[]} clauses */
function seats(clauses) {
  return clauses.reduce((sum, { m }) => sum + m, 0);
}

function isSame(one, other) {
  return sameBytes(encode(one), encode(other));
}
