/** A statement as people read it before they sign it: all of it, in words, from its bytes alone. */
import { CATALOGUE } from "./built/catalogue.js";
import { operationOf } from "./render.js";
import { namedRow, row, section, timeRow } from "./rows.js";
import {
  groupRow,
  hashRow,
  KEPT,
  KINDS,
  recoveryRows,
  ROLES,
  ruleText,
  tokenRuleRows,
} from "./show_charter.js";

/** @param {any} statement @param {string} hash of its bytes @returns {import("./rows.js").Section[]} */
export function statementSections(statement, hash) {
  const { provider, customer, service } = statement;
  const texts = CATALOGUE.statement;
  return [
    section("The statement", [
      namedRow("Provider", provider.authority),
      namedRow("Customer", customer.authority),
      namedRow("Service", service),
      row("Service model", texts.modes[service.mode]),
      row("Version", String(statement.version), "integer"),
      weakness([provider, customer, ...statement.zones]),
      hashRow("Its words", hash),
      statement.previous === null ? row("Replaces", "none") : hashRow("Replaces", statement.previous),
      timeRow("Drawn up at", statement.at),
      row("Deployment", statement.deployment, "id"),
      row("Demo", statement.demo ? "yes" : "no", "boolean"),
      row("Document", statement.type),
    ]),
    ...[provider, customer, ...statement.zones].map(charterSection),
    section("How people are reached", statement.contacts.length
      ? statement.contacts.map(({ side, role, reach }) => row(`${capitalised(ROLES[role][1])} of the ${side}`, reach))
      : [row("Contacts", "none")]),
    section("What is kept apart", statement.exclusions.map((one) => row(label(one), texts.exclusions[one]))),
    section("Loss and recovery", statement.recovery.map((one) => row(label(one), texts.recovery[one]))),
  ];
}

/** How many rules ask for less than the default, and for what. @param {any[]} charters */
function weakness(charters) {
  const weak = charters.flatMap(({ authority, rules }) =>
    rules.filter((one) => one.weaker).map(({ rule }) => `${authority.name}: ${operationOf(rule.operation).title}`));
  const shown = row("Weaker than the default", weak.length ? `${weak.length} of its rules` : "no rule");
  return weak.length ? { ...shown, weaker: weak.join("; ") } : shown;
}

/** What the statement says of one charter. @returns {import("./rows.js").Section} */
function charterSection({ authority, zone, token_rules: tokens, people, groups, rules, recovery }) {
  const title = `${capitalised(KINDS[authority.kind])} ${authority.name}`;
  return {
    title,
    groups: [
      {
        title: "",
        rows: [
          row("Charter", `version ${authority.version}`, "named", authority.id),
          hashRow("Words of the charter", authority.hash),
          ...(zone === null ? [] : zoneRows(zone)),
          ...tokenRuleRows(tokens),
        ],
      },
      { title: "Who must sign for what", rows: rules.map(ruleRow) },
      { title: "Recovery below quorum", rows: recoveryRows(recovery) },
      { title: "People", rows: people.map(personRow) },
      ...(groups.length ? [{ title: "Groups", rows: groups.map((one) => groupRow(one, { people })) }] : []),
    ],
  };
}

function zoneRows(zone) {
  const controller = zone[zone.controller];
  return [
    namedRow("Controlled by", controller),
    row("Its backup key", `held in shares by people of ${controller.name} alone`),
    namedRow("Service", zone.service),
    namedRow("Provider", zone.provider),
    namedRow("Customer", zone.customer),
  ];
}

function ruleRow({ rule, default: usual, weaker }) {
  const shown = row(operationOf(rule.operation).title, ruleText(rule), "text", rule.operation);
  if (weaker) return { ...shown, weaker: `Weaker than the default, which asks for: ${ruleText(usual)}` };
  const beside = usual === null ? "there is no default" : `the default asks for: ${ruleText(usual)}`;
  return { ...shown, detail: `${rule.operation} · ${beside}` };
}

function personRow({ id, name, organisation, roles, share_keys: kept }) {
  const said = [
    organisation.name,
    roles.map((one) => ROLES[one][0]).join(", ") || "no role",
    ...(kept.length ? [`share key kept ${kept.map((one) => KEPT[one]).join(" and ")}`] : []),
  ];
  return row(name, said.join(" · "), "named", id);
}

/** @param {string} code such as `one-seat` */
function label(code) {
  return capitalised(code.replaceAll("-", " "));
}

/** @param {string} text */
function capitalised(text) {
  return text[0].toUpperCase() + text.slice(1);
}
