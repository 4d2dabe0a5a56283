/** A charter as people read it: its terms, its people with their tokens' words, its groups, its rules. */
import { fromB64u, sha256Hex } from "./canonical.js";
import { EDDSA } from "./charter.js";
import { operationOf, quoted } from "./render.js";
import { namedRow, PLAIN, row, section, sentence, timeRow } from "./rows.js";
import { stated } from "./share_key_shapes.js";
import { fingerprint } from "./words.js";

const KINDS = { provider: "provider", customer: "customer", zone: "Trust Zone" };
const ROLES = {
  "hsm-administrator": ["HSM administrator", "HSM administrators"],
  "key-manager": ["key manager", "key managers"],
  "security-officer": ["security officer", "security officers"],
  custodian: ["custodian", "custodians"],
  auditor: ["auditor", "auditors"],
};
const KEPT = { token: "by the token itself", file: "in an encrypted file", sheet: "on a printed sheet" };
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
      : sentence("Prove that you hold a token that is new in version ", String(version), ` of the charter of the ${kind} `,
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
    section("Identifiers", [
      row("Desk", charter.desk.origin),
      row("Relying party", charter.desk.rp_id),
      row("Tokens that can be synced", charter.token_rules.backup_eligible),
      row("Demo", charter.demo ? "yes" : "no", "boolean"),
      row("Deployment", charter.deployment, "id"),
      row("Document", charter.type),
    ]),
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

function groupRow(group, charter) {
  const names = new Map(charter.people.map((one) => [one.id, one.name]));
  return row(group.name, group.people.map((id) => quoted(names.get(id))).join(", ") || "nobody", "text", group.people.join(" "));
}

function ruleRow(rule) {
  const clauses = rule.clauses.map(({ role, group, m }) => {
    if (group !== null) return `${m} of the group ${group}`;
    return `${m} ${ROLES[role][m === 1 ? 0 : 1]}`;
  });
  return row(operationOf(rule.operation).title, clauses.join(" and ") || NO_ONE, "text", rule.operation);
}

function hashRow(label, hash) {
  return row(label, fingerprint(hash).join(" "), "hash", hash);
}
