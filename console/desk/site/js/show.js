/** What is shown of each document, as plain data made from its members: the page only lays it out. */
import { Purpose } from "./purposes.js";
import { asText, operationOf, renderFields, renderSentence } from "./render.js";
import { namedRow, PLAIN, row, section, sentence, timeRow } from "./rows.js";
import { charterSections, termsSections } from "./show_charter.js";
import { statementSections } from "./show_statement.js";
import { tokenSections } from "./show_tokens.js";
import { fingerprint } from "./words.js";

/** @typedef {import("./rows.js").Sheet} Sheet */
/** @typedef {import("./rows.js").Row} Row */
/** @typedef {import("./rows.js").Group} Group */
/** @typedef {{document: any, hash: string}} Paper a document behind a hash in a proposal */

const SECTIONS = {
  nodes: "Where",
  authorities: "Whose consent it needs",
  requester: "Who asks, and why",
  reason: "Who asks, and why",
  not_before: "When",
  expires_at: "When",
};
const LONGEST_BUTTON = 160;

const WORDING = {
  [Purpose.PROPOSE]: { kicker: "To propose", verb: "Propose: ", done: "Your proposal is signed" },
  [Purpose.APPROVE]: { kicker: "To approve", verb: "Approve: ", done: "Your approval is signed" },
  [Purpose.REJECT]: { kicker: "To reject", verb: "Reject the request to ", done: "Your rejection is signed" },
  [Purpose.CANCEL]: { kicker: "To cancel", verb: "Cancel the request to ", done: "Your cancellation is signed" },
};

/** @param {any} document @returns {Sheet} */
export function showSignIn(document) {
  const host = document.console.split("://")[1];
  return {
    ...PLAIN,
    kicker: "To sign in",
    sentence: sentence("Sign in to the console at ", document.console, "."),
    note: "This opens a session and approves nothing.",
    sections: [
      section("What you sign", [
        row("Console", document.console),
        timeRow("Made at", document.at),
        timeRow("Good until", document.expires_at),
      ]),
      section("Identifiers", [
        row("Desk", document.desk.origin),
        row("Relying party", document.desk.rp_id),
        row("Deployment", document.deployment, "id"),
        row("Nonce", document.nonce, "id"),
        row("Document", document.type),
      ]),
    ],
    button: `Sign in to ${host}`,
    done: "Your sign-in is signed",
  };
}

/** @param {any} document @returns {Sheet} */
export function showEnrolment(document) {
  const { person, organisation, label } = document;
  return {
    ...PLAIN,
    kicker: "To enrol a token",
    sentence: sentence("Enrol a security token, called ", `“${label}”`, ", for ", person.name, " of ",
      organisation.name, "."),
    note:
      "Everyone needs two tokens: with only one, its loss leaves you unable to sign until others admit a new one. " +
      "Afterwards this desk shows the words of the token. Whoever admits it compares them with you, in person or " +
      "over a line they trust.",
    sections: [
      section("What you sign", [
        namedRow("Person", person),
        namedRow("Organisation", organisation),
        row("Name of the token", label),
        timeRow("Made at", document.at),
      ]),
      identifiers(document),
    ],
    button: `Enrol the token “${label}” for ${person.name}`,
    done: "Your token is enrolled",
  };
}

/** Where and for which deployment a token is enrolled, or makes a share key. @param {any} document */
function identifiers(document) {
  return section("Identifiers", [
    row("Desk", document.desk.origin),
    row("Relying party", document.desk.rp_id),
    row("Deployment", document.deployment, "id"),
    row("Demo", document.demo ? "yes" : "no", "boolean"),
    row("Nonce", document.nonce, "id"),
    row("Document", document.type),
  ]);
}

/**
 * @param {any} document a contribution
 * @param {import("./contribution.js").Papers} papers
 * @returns {Sheet}
 */
export function showContribution(document, { question, proposal }) {
  const { title } = operationOf(proposal.operation);
  return {
    ...PLAIN,
    kicker: `To give your share · ${title}`,
    sentence: renderSentence(proposal),
    note:
      "One touch signs this and opens your share, here. Before the share goes anywhere this desk checks, from what your " +
      "share itself says, every charter, every signature under the request, and that the HSM is the one that was admitted. " +
      "If anything does not hold, nothing is sent. Then it is sealed to a key that this HSM destroys afterwards.",
    sections: [
      section("What you give", [
        row("Your share", `number ${document.index} of ${question.holders.length}`),
        namedRow("To HSM", document.node),
        namedRow("Trust Zone", document.zone),
        row("Backup key", `epoch ${document.epoch}, share set ${document.share_set}, check value ${question.kcv}`),
        row("Shares asked for", String(question.asked)),
        row("Shares that rebuild the key", String(question.threshold)),
        timeRow("Signed at", document.at),
      ]),
      section("Identifiers", [
        namedRow("Person", document.person),
        row("Credential", document.credential_id, "id"),
        row("Proposal", document.proposal, "id"),
        row("Commitment to the key", question.commitment, "id"),
        row("Deployment", document.deployment, "id"),
        row("Demo", document.demo ? "yes" : "no", "boolean"),
        row("Nonce", document.nonce, "id"),
        row("Document", document.type),
      ]),
    ],
    fingerprint: { words: fingerprint(question.hash), hash: question.hash, caption: "The words of this ceremony" },
    button: `Give share ${document.index} to ${document.node.name}`,
    done: "Your share is sealed to the HSM",
  };
}

/** @param {any} document @returns {Sheet} */
export function showShareKeyRequest(document) {
  const { person, organisation, label } = document;
  return {
    ...PLAIN,
    kicker: "To make a share key",
    sentence: sentence("Make a share key with the token ", `“${label}”`, " of ", person.name, " of ", organisation.name, "."),
    note:
      "To this key shares of backup keys will be sealed, and only this token can open them. Nothing of it is kept: the " +
      "token computes it each time. If the token is lost, so is every share sealed to it. You touch it twice; then this " +
      "desk shows the words of the key, which those who admit it compare with you. If the token cannot compute one, this " +
      "desk offers other forms.",
    sections: [
      section("What you sign", [
        namedRow("Person", person),
        namedRow("Organisation", organisation),
        row("Token", label),
        row("Credential", document.credential_id, "id"),
        timeRow("Asked at", document.at),
      ]),
      identifiers(document),
    ],
    button: `Make a share key with “${label}”`,
    done: "Your share key is certified",
  };
}

/**
 * @param {string} purpose
 * @param {any} document the proposal
 * @param {{hash: string, charters: Paper[], deciding: Paper[], statement: Paper | null, person: any}} about with
 *   the charters behind its parameters, those that decide on it, and the statement that it is to sign
 * @returns {Promise<Sheet>}
 */
export async function showProposal(purpose, document, { hash, charters, deciding, statement, person }) {
  const asked = renderSentence(document);
  const { parameters, envelope } = await renderFields(document);
  const wording = WORDING[purpose];
  const behind = await Promise.all(charters.map(async (one) => ({
    title: `The charter with the words ${fingerprint(one.hash).join(" ")}`,
    sections: await charterSections(one.document),
  })));
  return {
    ...PLAIN,
    kicker: `${wording.kicker} · ${operationOf(document.operation).title}`,
    sentence: person === null ? asked : after(wording.verb, asked),
    sections: [
      ...(person ? [section("Your statement", [namedRow("Stated by", person)])] : []),
      { title: "What", groups: groups(parameters) },
      ...tokensSaidAnew(document, { charters, deciding }),
      ...(statement ? statementSections(statement.document, statement.hash) : []),
      ...termsSections(document, deciding),
      ...envelopeSections(envelope),
    ],
    fingerprint: { words: fingerprint(hash), hash, caption: "The words of this proposal" },
    behind,
    button: buttonFor(wording.verb, asked, document),
    done: wording.done,
    stops: person !== null,
    askReason: person === null ? "" : REASONS[purpose],
  };
}

/** Where a charter follows on one that is here, what it says of tokens otherwise. */
function tokensSaidAnew({ previous }, { charters, deciding }) {
  const before = deciding.find(({ hash }) => hash === previous);
  const after = charters.find(({ document }) => document.previous === previous);
  return before && after ? tokenSections(before.document, after.document) : [];
}

const REASONS = {
  [Purpose.REJECT]: "Why do you reject it? Everyone concerned reads this.",
  [Purpose.CANCEL]: "Why do you cancel it? Everyone concerned reads this.",
};

/** A sentence that goes on from a verb. @param {string} verb @param {import("./render.js").Part[]} parts */
function after(verb, [first, ...rest]) {
  return [{ text: verb + first.text[0].toLowerCase() + first.text.slice(1), isValue: false }, ...rest];
}

function buttonFor(verb, parts, document) {
  const full = asText(after(verb, parts)).replace(/\.$/, "");
  if (full.length <= LONGEST_BUTTON) return full;
  const title = operationOf(document.operation).title;
  return verb + title[0].toLowerCase() + title.slice(1);
}

function envelopeSections(rows) {
  const titles = [...new Set(Object.values(SECTIONS)), "Identifiers"];
  const titleOf = (one) => SECTIONS[one.path.split(/[.[]/)[0]] ?? "Identifiers";
  return titles
    .map((title) => ({ title, groups: groups(rows.filter((one) => titleOf(one) === title)) }))
    .filter((one) => one.groups.length);
}

/**
 * Rows with "A 1 · B" as their label stand together under "A 1", or under "A" if there is no second.
 * @param {Row[]} rows
 * @returns {Group[]}
 */
function groups(rows) {
  const found = [];
  for (const one of rows) {
    const [title, ...rest] = one.label.includes(" · ") ? one.label.split(" · ") : ["", one.label];
    if (found.at(-1)?.title !== title) found.push({ title, rows: [] });
    found.at(-1).rows.push({ ...one, label: rest.join(" · ") });
  }
  const titles = new Set(found.map((group) => group.title));
  const isOnly = (title) => title.endsWith(" 1") && !titles.has(title.replace(/1$/, "2"));
  return found.map(({ title, rows: own }) => ({
    title: isOnly(title) ? title.slice(0, -2) : title,
    rows: withIdsBesideNames(own),
  }));
}

/** A name that is followed by its id stands with it in one row. @param {Row[]} rows */
function withIdsBesideNames(rows) {
  return rows.flatMap((one, place) => {
    if (one.label === "Id" && rows[place - 1]?.label === "Name") return [];
    const isNamed = one.label === "Name" && rows[place + 1]?.label === "Id";
    return [isNamed ? { ...one, kind: "named", detail: rows[place + 1].value } : one];
  });
}
