/** Duties that must lie in different hands: who runs a provider's HSMs has none in a zone on them. */
import { waysOf } from "../charter.js";
import { Refused } from "../refusal.js";
import { AMEND, eligibleFor } from "./charters.js";
import { identitiesIn } from "./identities.js";

/**
 * @param {import("./charters.js").Charter} provider
 * @param {import("./charters.js").Charter} zone
 * @throws {Refused} if anybody, by id, key or credential, has duties on both sides
 */
export function checkDuties(provider, zone) {
  const identity = identitiesIn([provider, zone]);
  const groups = provider.rules
    .filter((rule) => rule.operation !== AMEND)
    .flatMap((rule) => waysOf(rule).flat().filter((one) => one.group !== null))
    .flatMap((clause) => [...eligibleFor(provider, clause)]);
  const administrators = provider.people.filter((one) => one.roles.includes("hsm-administrator")).map((one) => one.id);
  const there = new Set([...administrators, ...groups].map(identity));
  const signing = new Set(zone.rules.flatMap(waysOf).flat().flatMap((one) => [...eligibleFor(zone, one)]));
  const hasDuties = ({ id, roles }) => signing.has(id) || roles.includes("key-manager") || roles.includes("custodian");
  if (zone.people.some((one) => hasDuties(one) && there.has(identity(one.id)))) throw new Refused("separation");
}
