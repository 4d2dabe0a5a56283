/** The defaults that a statement names must be those that are built into this desk: it cannot bring its own. */
import { CATALOGUE } from "./built/catalogue.js";
import { encode, sameBytes } from "./canonical.js";
import { Refused } from "./refusal.js";

/** @param {any} statement @throws {Refused} with the first default that is another here */
export function checkDefaults({ provider, customer, zones }) {
  for (const charter of [provider, customer, ...zones]) {
    const known = defaultsOf(charter);
    for (const { rule, default: stated } of charter.rules) {
      const usual = known.find((one) => one.operation === rule.operation) ?? null;
      if (!sameBytes(encode(stated), encode(usual))) {
        throw new Refused("other-default", `${charter.authority.name}: ${rule.operation}`);
      }
    }
  }
}

/** The default rules for a charter: of a zone, by whether the side that controls it manages its keys. */
function defaultsOf({ authority, zone, people }) {
  if (zone === null) return CATALOGUE.defaults[authority.kind];
  const side = zone[zone.controller];
  const isApart = ({ roles, organisation }) => roles.includes("key-manager") && organisation.id !== side.id;
  return CATALOGUE.defaults[people.some(isApart) ? "zone-apart" : "zone"];
}
