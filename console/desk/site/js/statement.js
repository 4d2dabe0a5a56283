/**
 * The shape of a statement: what a provider and a customer agree on about the duties in a service.
 * The same as `hsmnodes/node/protocol/documents/statement.py`.
 */
import { CATALOGUE } from "./built/catalogue.js";
import { group, recovery, role, rule, waysOf, zoneTerms } from "./charter.js";
import { Refused } from "./refusal.js";
import * as is from "./shapes.js";
import { tokenRules } from "./token_rules.js";

const bad = (path) => new Refused("bad-field", path);

const sortedList = (shape, min, max, key = (one) => one) => {
  const items = is.list(shape, min, max);
  return (value, path) => {
    items(value, path);
    if (!is.isSorted(value.map(key))) throw bad(path);
  };
};

/** Every name that the catalogue knows, in order: none can be left out. @param {object} known */
function everyOne(known) {
  const names = Object.keys(known).sort();
  return sortedList(is.oneOf(...names), names.length, names.length);
}

const person = is.object({
  id: is.id,
  name: is.name,
  organisation: is.named,
  roles: sortedList(role, 0, 5),
  share_keys: sortedList(is.oneOf("file", "sheet", "token"), 0, 3),
});

const statedRule = is.object({ rule, default: is.nullable(rule), weaker: is.boolean }, (value, path) => {
  const usual = value.default;
  if (usual !== null && usual.operation !== value.rule.operation) throw bad(`${path}.default`);
  if (value.weaker && usual === null) throw bad(`${path}.weaker`);
});

const statedCharter = (authorityAt) =>
  is.object(
    {
      authority: authorityAt,
      zone: is.nullable(zoneTerms),
      token_rules: tokenRules,
      people: sortedList(person, 1, 1000, (one) => one.id),
      groups: sortedList(group, 0, 100, (one) => one.name),
      rules: sortedList(statedRule, 0, 200, (one) => one.rule.operation),
    },
    (value, path) => {
      const known = new Set(value.people.map((one) => one.id));
      const names = new Set(value.groups.map((one) => one.name));
      const clauses = [...value.rules.flatMap((one) => waysOf(one.rule)).flat(), ...(value.recovery?.clauses ?? [])];
      const isWhole =
        (value.authority.kind === "zone") === (value.zone !== null) &&
        value.groups.every((one) => one.people.every((id) => known.has(id))) &&
        clauses.every((one) => one.group === null || names.has(one.group));
      if (!isWhole) throw bad(path);
    },
    { recovery },
  );

/** The shape of a statement, given that of an authority at a version. @param {is.Shape} authorityAt */
export function statement(authorityAt) {
  const charter = statedCharter(authorityAt);
  return is.object(
    {
      type: is.oneOf("quorate/statement/v1"),
      deployment: is.id,
      demo: is.boolean,
      version: is.version,
      previous: is.nullable(is.hash),
      at: is.time,
      service: is.object({ id: is.id, name: is.name, mode: is.oneOf("exclusive", "shared") }),
      provider: charter,
      customer: charter,
      zones: sortedList(charter, 0, 100, (one) => one.authority.id),
      contacts: sortedList(
        is.object({ side: is.oneOf("provider", "customer"), role, reach: is.plainText(1, 200) }),
        0,
        10,
        (one) => `${one.side} ${one.role}`,
      ),
      exclusions: everyOne(CATALOGUE.statement.exclusions),
      recovery: everyOne(CATALOGUE.statement.recovery),
    },
    isOfOneService,
  );
}

function isOfOneService({ version, previous, service, provider, customer, zones }) {
  const isOf = ({ zone }) =>
    zone !== null &&
    zone.service.id === service.id &&
    zone.provider.id === provider.authority.id &&
    zone.customer.id === customer.authority.id;
  const checks = {
    previous: (version === 1) === (previous === null),
    provider: provider.authority.kind === "provider",
    customer: customer.authority.kind === "customer",
    zones: zones.every(isOf),
  };
  for (const [path, holds] of Object.entries(checks)) if (!holds) throw bad(path);
}
