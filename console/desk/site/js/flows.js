/**
 * From what the console handed over to what lies on the desk: each purpose with its document type, its checks,
 * its rendering, and what is signed. All that is shown comes from the document's bytes.
 */
import { encode, fromB64u, sha256Hex } from "./canonical.js";
import { checkDeployment, checkDesk, checkExpiry, checkSignIn, now } from "./checks.js";
import { readPapers } from "./contribution.js";
import { readDocument, readOneOf } from "./documents.js";
import { Purpose } from "./purposes.js";
import { Refused } from "./refusal.js";
import * as is from "./shapes.js";
import { showCharter } from "./show_charter.js";
import { showContribution, showEnrolment, showProposal, showShareKeyRequest, showSignIn } from "./show.js";
import { showApplicationSuspension, showSuspension } from "./show_suspension.js";
import { checkDefaults } from "./statement_defaults.js";

/**
 * What lies on the desk.
 * @typedef {object} Work
 * @property {string} purpose
 * @property {any} document the members of the document
 * @property {any} sheet what is shown (see rows.js)
 * @property {string[]} credentials ids the browser may ask for
 * @property {{id: string, name: string} | null} signer who is to sign, where the document or the console says so
 * @property {boolean} simulatorAllowed whether the document says it is of a demo
 * @property {import("./contribution.js").Papers} [papers] of a ceremony
 * @property {number | null} expiresAt seconds since 1970
 * @property {(reason: string) => Uint8Array} toSign the bytes that are signed, given a typed reason
 */

const TYPES = {
  [Purpose.SIGN_IN]: "quorate/sign-in/v1",
  [Purpose.ENROL]: "quorate/enrolment/v1",
  [Purpose.PROPOSE]: "quorate/proposal/v1",
  [Purpose.APPROVE]: "quorate/proposal/v1",
  [Purpose.REJECT]: "quorate/proposal/v1",
  [Purpose.CANCEL]: "quorate/proposal/v1",
  [Purpose.FOUND]: "quorate/charter/v1",
  [Purpose.SHARE_KEY]: "quorate/share-key-request/v1",
  [Purpose.CONTRIBUTE]: "quorate/contribution/v1",
  [Purpose.SUSPEND]: "quorate/suspension-statement/v1",
};

const OTHER_TYPES = { [Purpose.SUSPEND]: ["quorate/application-suspension-statement/v1"] };

const SIGN_STATEMENT = "statement.sign/v1";
const STATEMENT = "quorate/statement/v1";

const STATEMENTS = {
  [Purpose.REJECT]: "quorate/rejection-statement/v1",
  [Purpose.CANCEL]: "quorate/cancellation-statement/v1",
};

/**
 * Checks what the console handed over and prepares it to be shown and signed.
 * @param {{purpose: string, document: string, attached: string[], credentials: string[], person: any, ceremony: any}} order
 * @returns {Promise<Work>}
 * @throws {Refused} for anything that cannot be shown completely, or does not belong here
 */
export async function prepare(order) {
  const { purpose } = order;
  if (!Object.hasOwn(TYPES, purpose)) throw new Refused("unknown-purpose");
  const bytes = fromB64u(order.document);
  const document = readOneOf([TYPES[purpose], ...(OTHER_TYPES[purpose] ?? [])], bytes);
  checkDeployment(document);
  if ((order.person !== null) !== Object.hasOwn(STATEMENTS, purpose)) throw new Refused("bad-answer", "person");
  if (order.attached.length && document.type !== "quorate/proposal/v1") throw new Refused("stray-attachment");
  if (order.ceremony !== null && purpose !== Purpose.CONTRIBUTE) throw new Refused("bad-answer", "ceremony");
  const hash = await sha256Hex(bytes);
  const rest = await PREPARE[document.type](document, { ...order, bytes, hash });
  return {
    purpose,
    document,
    credentials: order.credentials,
    simulatorAllowed: document.demo ?? true,
    toSign: () => bytes,
    signer: null,
    expiresAt: null,
    ...rest,
  };
}

const PREPARE = {
  async "quorate/sign-in/v1"(document) {
    checkDesk(document);
    checkSignIn(document);
    return { sheet: showSignIn(document), expiresAt: document.expires_at };
  },

  async "quorate/enrolment/v1"(document) {
    checkDesk(document);
    return { sheet: showEnrolment(document), signer: document.person };
  },

  async "quorate/share-key-request/v1"(document) {
    checkDesk(document);
    return { sheet: showShareKeyRequest(document), signer: document.person };
  },

  async "quorate/suspension-statement/v1"(document) {
    return { sheet: showSuspension(document), signer: document.by };
  },

  async "quorate/application-suspension-statement/v1"(document) {
    return { sheet: showApplicationSuspension(document), signer: document.by };
  },

  async "quorate/contribution/v1"(document, { ceremony }) {
    const papers = await readPapers(document, ceremony);
    checkExpiry(papers.question.expires_at);
    return {
      papers,
      sheet: showContribution(document, papers),
      signer: document.person,
      expiresAt: papers.question.expires_at,
    };
  },

  async "quorate/proposal/v1"(document, { purpose, attached, person, bytes, hash }) {
    checkExpiry(document.expires_at);
    const papers = await Promise.all(attached.map((one) => readAttached(one, document)));
    const agreement = statementOf(document, papers);
    const charters = papers.filter(
      (one) => one !== agreement && stringsIn(document.parameters).includes(one.hash),
    );
    const deciding = papers.filter((one) => document.authorities.some((named) => named.hash === one.hash));
    checkIsHere(purpose, document, { charters, deciding, agreement });
    const sheet = await showProposal(purpose, document, {
      hash,
      charters,
      deciding,
      statement: agreement,
      person,
    });
    const signer = person ?? (purpose === Purpose.PROPOSE ? document.requester : null);
    const statement = (reason) => makeStatement(purpose, { document, hash, person, reason });
    return {
      sheet,
      signer: signer && { id: signer.id, name: signer.name },
      expiresAt: document.expires_at,
      toSign: person === null ? () => bytes : statement,
    };
  },

  async "quorate/charter/v1"(document, { hash }) {
    checkDesk(document);
    checkExpiry(document.valid_until);
    return { sheet: await showCharter(document, hash) };
  },
};

/**
 * Nobody requests or approves a charter, a new one or an amended one, or a statement, that cannot be shown to them;
 * an amended one only beside the one that it follows, which decides on it.
 * @throws {Refused} if it is not there
 */
function checkIsHere(purpose, proposal, { charters, deciding, agreement }) {
  if (![Purpose.PROPOSE, Purpose.APPROVE].includes(purpose)) return;
  const wanted = proposal.parameters.charter;
  if (wanted !== undefined && !charters.some(({ hash }) => hash === wanted)) throw new Refused("cannot-show");
  const follows = ({ document }) => deciding.some(({ hash }) => hash === document.previous && hash === proposal.previous);
  const amended = charters.filter(({ hash, document }) => hash === wanted && document.version > 1);
  if (!amended.every(follows)) throw new Refused("cannot-show");
  if (proposal.operation === SIGN_STATEMENT && agreement === null) throw new Refused("cannot-show");
}

/**
 * The statement that a proposal asks to be signed, if it is that and the statement is here.
 * @throws {Refused} if the proposal says of it what it does not say itself
 */
function statementOf(proposal, papers) {
  const agreements = papers.filter((one) => one.document.type === STATEMENT);
  if (proposal.operation !== SIGN_STATEMENT || !agreements.length) return null;
  const [{ document, hash }, ...others] = agreements;
  if (others.length) throw new Refused("stray-attachment");
  const { customer, demo, provider, service, version } = document;
  const bound = {
    service: { id: service.id, name: service.name },
    customer: { id: customer.authority.id, name: customer.authority.name },
    version,
    statement: hash,
  };
  if (!isSame(bound, proposal.parameters) || demo !== proposal.demo) throw new Refused("other-statement");
  if (!isSame([customer.authority, provider.authority], proposal.authorities)) throw new Refused("stale-statement");
  checkDefaults(document);
  return agreements[0];
}

/** Whether two values are written in the same bytes. */
function isSame(one, other) {
  const [these, those] = [encode(one), encode(other)];
  return these.length === those.length && these.every((byte, place) => byte === those[place]);
}

/**
 * A charter, or a statement, that lies behind a hash in the parameters of a proposal, or a charter that decides
 * on it, with its own hash.
 * @throws {Refused} if the hash of its bytes stands in neither place
 */
async function readAttached(encoded, proposal) {
  const bytes = fromB64u(encoded);
  const hash = await sha256Hex(bytes);
  const decides = proposal.authorities.some((one) => one.hash === hash);
  if (!decides && !stringsIn(proposal.parameters).includes(hash)) throw new Refused("stray-attachment");
  const isAgreement = proposal.operation === SIGN_STATEMENT && !decides;
  const document = readDocument(isAgreement ? STATEMENT : "quorate/charter/v1", bytes);
  checkDeployment(document);
  return { document, hash };
}

/** @param {any} value @returns {string[]} */
function stringsIn(value) {
  if (typeof value === "string") return [value];
  return value !== null && typeof value === "object" ? Object.values(value).flatMap(stringsIn) : [];
}

/** The canonical bytes of the statement with which a person rejects or cancels a proposal. */
function makeStatement(purpose, { document, hash, person, reason }) {
  is.reason(reason, "reason");
  return encode({
    type: STATEMENTS[purpose],
    deployment: document.deployment,
    proposal: document.proposal,
    proposal_hash: hash,
    person: { id: person.id, name: person.name },
    reason,
    at: now(),
  });
}
