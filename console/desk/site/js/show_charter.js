/** A charter as people read it: its terms, its people with their tokens' words, its groups, its rules. */
import { fromB64u, sha256Hex } from "./canonical.js";
import { EDDSA, waysOf } from "./charter.js";
import { operationOf, quoted } from "./render.js";
import { namedRow, PLAIN, row, section, sentence, timeRow } from "./rows.js";
import { stated } from "./share_key_shapes.js";
import { fingerprint } from "./words.js";

export const KINDS = { provider: "provider", customer: "customer", zone: "Trust Zone" };
export const ROLES = {
  "hsm-administrator": ["HSM administrator", "HSM administrators"],
  "key-manager": ["key manager", "key managers"],
  "security-officer": ["security officer", "security officers"],
  custodian: ["custodian", "custodians"],
  auditor: ["auditor", "auditors"],
};
export const KEPT = { token: "by the token itself", file: "in an encrypted file", sheet: "on a printed sheet" };
const RECOVER = "charter.recover/v1";
const NO_ONE = "nobody: it is denied";

/** @param {any} charter @param {string} hash of its bytes @returns {Promise<import("./rows.js").Sheet>} */
export async function showCharter(charter, hash) {
  const { authority, version } = charter;
  const kind = KINDS[authority.kind];
  const founds = version === 1;
  return {
    ...PLAIN,
    kicker: founds ? "To found" : "To prove a new token",
    sentence: founds
      ? sentence(`Found the ${kind} `, `“${authority.name}”`, ", with this charter, as one of its people.")
      : sentence("Prove that you hold a token that is new, or described otherwise, in version ", String(version), ` of the charter of the ${kind} `,
          `“${authority.name}”`, "."),
    note:
      "Compare the words of the charter, and the words of every token, with those who hold them. What the charter " +
      "says is what every HSM node goes by.",
    sections: await charterSections(charter),
    fingerprint: { words: fingerprint(hash), hash, caption: "The words of this charter" },
    button: founds
      ? `Found the ${kind} “${authority.name}” with this charter`
      : `Prove my token for version ${version} of the charter of “${authority.name}”`,
    done: founds ? "The charter is signed" : "Your token is proved",
  };
}

/** @param {any} charter @returns {Promise<import("./rows.js").Section[]>} */
export async function charterSections(charter) {
  return [
    section("What", [
      row("Authority", charter.authority.name, "named", charter.authority.id),
      row("Kind", KINDS[charter.authority.kind]),
      row("Version", String(charter.version), "integer"),
      charter.previous === null ? row("Follows", "none") : hashRow("Follows", charter.previous),
      timeRow("Valid from", charter.valid_from),
      timeRow("Valid until", charter.valid_until),
      ...zoneRows(charter.zone),
    ]),
    { title: "People", groups: await Promise.all(charter.people.map(personGroup)) },
    ...(charter.groups.length ? [section("Groups", charter.groups.map((one) => groupRow(one, charter)))] : []),
    section("Who must sign for what", charter.rules.map(ruleRow)),
    section("Recovery below quorum", recoveryRows(charter.recovery)),
    section("Which tokens are accepted", tokenRuleRows(charter.token_rules)),
    section("Identifiers", [
      row("Desk", charter.desk.origin),
      row("Relying party", charter.desk.rp_id),
      row("Demo", charter.demo ? "yes" : "no", "boolean"),
      row("Deployment", charter.deployment, "id"),
      row("Document", charter.type),
    ]),
  ];
}

/** Which tokens a charter accepts, as rows. @param {any} rules */
export function tokenRuleRows(rules) {
  return [
    row("Tokens that can be synced", rules.backup_eligible),
    row("Proof of their make", rules.attestation ?? "not required"),
    ...(rules.models_allowed === undefined ? [] : [row("Models allowed", rules.models_allowed.join(", "), "id")]),
    ...(rules.models_blocked === undefined ? [] : [row("Models blocked", rules.models_blocked.join(", "), "id")]),
    row("Tokens each, at least", String(rules.tokens_each ?? 1), "integer"),
  ];
}

function zoneRows(zone) {
  if (zone === null) return [];
  return [
    namedRow("Service", zone.service),
    namedRow("Provider", zone.provider),
    namedRow("Customer", zone.customer),
    row("Controlled by", `the ${zone.controller}`),
  ];
}

async function personGroup(person) {
  const tokens = await Promise.all(person.tokens.map(tokenRows));
  const roles = person.roles.map((role) => ROLES[role][0]).join(", ");
  return {
    title: person.name,
    rows: [
      row("Id", person.id, "id"),
      namedRow("Organisation", person.organisation),
      row("Roles", roles || "none"),
      ...tokens.flat(),
    ],
  };
}

async function tokenRows(token, place) {
  const hash = await sha256Hex(fromB64u(token.public_key));
  const facts = [
    token.algorithm === EDDSA ? "EdDSA" : "ES256",
    token.attestation.trusted ? `make proved (${token.attestation.format})` : `make not proved (${token.attestation.format})`,
    token.backup_eligible ? "can be synced" : "cannot be synced",
    ...(token.simulated ? ["SIMULATED"] : []),
  ];
  const label = `Token ${place + 1}`;
  return [
    row(label, `${quoted(token.label)} · ${facts.join(", ")}`),
    row(`${label}, words`, fingerprint(hash).join(" "), "hash", hash),
    row(`${label}, key`, token.public_key, "id"),
    row(`${label}, credential`, token.credential_id, "id"),
    row(`${label}, model`, token.aaguid, "id"),
    ...(await shareKeyRows(label, token)),
  ];
}

/** The share key that stands with a token, with its words; its certificate is for the nodes to verify. */
async function shareKeyRows(label, token) {
  if (!token.share_key) return [];
  const { public_key: key, kept } = stated(token.share_key);
  const hash = await sha256Hex(fromB64u(key));
  return [
    row(`${label}, words of its share key`, fingerprint(hash).join(" "), "hash", hash),
    row(`${label}, share key is kept`, KEPT[kept ?? "token"]),
    row(`${label}, share key`, key, "id"),
  ];
}

/** @param {{name: string, people: string[]}} group @param {{people: any[]}} charter in which its people stand */
export function groupRow(group, charter) {
  const names = new Map(charter.people.map((one) => [one.id, one.name]));
  return row(group.name, group.people.map((id) => quoted(names.get(id))).join(", ") || "nobody", "text", group.people.join(" "));
}

function ruleRow(rule) {
  return row(operationOf(rule.operation).title, ruleText(rule), "text", rule.operation);
}

/** What a rule says, in words. @param {any} rule */
export function ruleText(rule) {
  const ways = waysOf(rule).map((clauses) => clauses.map(clauseText).join(" and "));
  return [ways.join(" — or else ") || NO_ONE, ...termsOf(rule)].join("; ");
}

/** What a rule demands or advises beside signatures, each in a phrase. @returns {string[]} */
function termsOf(rule) {
  return [
    ...(rule.delay === undefined ? [] : [`acts only ${duration(rule.delay)} after the last signature`]),
    ...(rule.lifetime === undefined ? [] : [`a proposal lives for ${duration(rule.lifetime)} at most`]),
    ...(rule.custodians_apart === undefined ? [] : ["who gives a share for it does not count as having approved it"]),
    ...(rule.hours === undefined ? [] : [`advice: ${quoted(rule.hours)}`]),
  ];
}

/**
 * What the charters that decide on a proposal demand or advise beside signatures: delays, lifetimes, hours.
 * @param {any} proposal
 * @param {{document: any, hash: string}[]} charters those whose hash the proposal names
 * @returns {import("./rows.js").Section[]} none, if they say nothing
 */
export function termsSections({ operation, previous }, charters) {
  const rows = charters.flatMap(({ document: charter, hash }) => {
    const clause = operation === RECOVER && hash === previous ? charter.recovery : undefined;
    const said = charter.rules.filter((rule) => rule.operation === operation).flatMap(termsOf);
    const waits = clause === undefined ? [] : [`comes into force only ${clause.days} days after it was announced`];
    return [...said, ...waits].map((text) => row(`Charter of ${quoted(charter.authority.name)}`, text));
  });
  return rows.length ? [section("What the rules say besides", rows)] : [];
}

/** What a recovery clause says, as rows; the charters named are the other sides' own. */
export function recoveryRows(recovery) {
  if (recovery === undefined) return [row("Recovery", "off: nobody can recover it")];
  const { clauses, days, others } = recovery;
  return [
    row("Who must sign", clauses.map(clauseText).join(" and ")),
    row("Announced for", `${days} days, in which anybody of this charter can cancel it`),
    ...others.flatMap((other) => [
      row("With the consent of", `${KINDS[other.kind]} ${quoted(other.name)}`, "named", other.id),
      hashRow(`Charter of ${quoted(other.name)}`, other.charter),
    ]),
  ];
}

/** So many seconds in words, exactly: “2 days 1 hour”. @param {number} seconds */
export function duration(seconds) {
  const units = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
  const parts = [];
  let left = seconds;
  for (const [unit, size] of units) {
    const count = Math.floor(left / size);
    left -= count * size;
    if (count > 0) parts.push(`${count} ${unit}${count === 1 ? "" : "s"}`);
  }
  return parts.join(" ");
}

function clauseText({ role, group, m }) {
  return group !== null ? `${m} of the group ${group}` : `${m} ${ROLES[role][m === 1 ? 0 : 1]}`;
}

/** @param {string} label @param {string} hash */
export function hashRow(label, hash) {
  return row(label, fingerprint(hash).join(" "), "hash", hash);
}
