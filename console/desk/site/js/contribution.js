/**
 * Giving a share to a ceremony. What lies on the desk is read from the node's question and the warrant behind it; the
 * one touch that signs also opens the share, and it is released only to what the anchors inside it vouch for.
 */
import { b64u, decode, fromB64u, sha256Hex } from "./canonical.js";
import { now } from "./checks.js";
import { readDocument } from "./documents.js";
import { Purpose } from "./purposes.js";
import { NotReleased, Refused } from "./refusal.js";
import { stated } from "./share_key_shapes.js";
import { openShareKey } from "./share_key_sources.js";
import { open, seal } from "./share_keys.js";
import { readPaper } from "./verify/papers.js";
import { verifyRelease } from "./verify/release.js";

/** What a contribution repeats of the question it answers. */
const REPEATED = ["deployment", "demo", "proposal", "epoch", "share_set"];

/**
 * The papers of a ceremony, read and not verified: that needs the share.
 * @typedef {object} Papers
 * @property {{question: Uint8Array, warrant: Uint8Array, enrolment: Uint8Array, box: Uint8Array,
 *   charters: {provider: Uint8Array[], zone: Uint8Array[]}}} bytes
 * @property {any} question with its `hash`
 * @property {any} proposal with its `hash`
 */

/**
 * Reads the papers that came with a contribution, which must all be about one and the same ceremony.
 * @param {any} document the contribution
 * @param {{question: string, warrant: string, enrolment: string, box: string,
 *   charters: {provider: string[], zone: string[]}}} given
 * @returns {Promise<Papers>}
 * @throws {NotReleased} where they are not
 */
export async function readPapers(document, given) {
  if (given === null) throw new Refused("bad-answer", "ceremony");
  try {
    return await read(document, given);
  } catch (problem) {
    throw problem instanceof Refused ? new NotReleased(problem) : problem;
  }
}

async function read(document, given) {
  const bytes = {
    question: fromB64u(given.question),
    warrant: fromB64u(given.warrant),
    enrolment: fromB64u(given.enrolment),
    charters: {
      provider: given.charters.provider.map(fromB64u),
      zone: given.charters.zone.map(fromB64u),
    },
    box: fromB64u(given.box),
  };
  const question = await hashed("quorate/ceremony/v1", fromB64u(readPaper("quorate/node-signed/v1", bytes.question).payload), readPaper);
  const proposal = await hashed("quorate/proposal/v1", fromB64u(readPaper("quorate/warrant/v1", bytes.warrant).proposal), readDocument);
  checkAnswers(document, question);
  if (question.proposal_hash !== proposal.hash) throw new Refused("other-proposal");
  return { bytes, question, proposal };
}

async function hashed(type, bytes, read) {
  return { ...read(type, bytes), hash: await sha256Hex(bytes) };
}

/** The contribution is one to this question, by the holder of that share. */
function checkAnswers(document, question) {
  const holder = question.holders[document.index - 1];
  const alike = REPEATED.every((name) => document[name] === question[name]);
  const named = isSame(document.node, question.node) && isSame(document.zone, question.zone);
  if (document.ceremony !== question.hash || !alike || !named) throw new Refused("other-ceremony");
  const holds = holder !== undefined && isSame(holder.custodian, document.person);
  if (!holds || holder.credential_id !== document.credential_id) throw new Refused("other-holder");
}

/**
 * Signs the contribution, opens the share with the same touch, verifies what it would go to, and seals it to that.
 * @param {{signAndDerive: Function}} tokens
 * @param {{document: any, papers: Papers}} work
 * @param {Uint8Array} bytes of the contribution
 * @param {(text: string) => void} say what is waited for
 * @returns {Promise<{answer: {assertion: object, sealed: string}}>}
 * @throws {NotReleased} and then nothing may leave the desk, the assertion neither
 */
export async function contribute(tokens, { document, papers }, bytes, say) {
  const { credential_id: credentialId } = document;
  const statements = statementsIn(papers.bytes.charters.zone, credentialId);
  const toSign = { purpose: Purpose.CONTRIBUTE, bytes };
  const { pair, assertion } = await openShareKey({ credentialId, statements, tokens, toSign, say });
  say("Your share is open at this desk. Every charter, signature and key is checked before it goes to the HSM.");
  try {
    const share = await open(papers.bytes.box, pair, boxContext(document));
    const publicKey = await verifiedKey(share, document, papers.bytes);
    const context = { purpose: "quorate/contributed-share/v1", contribution: await sha256Hex(bytes) };
    return { answer: { assertion, sealed: b64u(await seal(share, publicKey, context)) } };
  } catch (problem) {
    throw new NotReleased(problem instanceof Refused ? problem : new Refused("unexpected", problem?.name));
  }
}

/**
 * What the token certified of its share keys, the newest first. It only says where to look for the key: what comes of
 * the charters is verified once the share is open.
 */
function statementsIn(links, credentialId) {
  const found = links.map((link) => statementIn(link, credentialId)).filter((one) => one !== null);
  return found.toReversed().filter((one, place, all) => all.findIndex((other) => other.public_key === one.public_key) === place);
}

function statementIn(link, credentialId) {
  try {
    const charter = readDocument("quorate/charter/v1", fromB64u(readPaper("quorate/charter-link/v1", link).charter));
    const token = charter.people.flatMap((one) => one.tokens).find((one) => one.credential_id === credentialId);
    return token?.share_key ? stated(token.share_key) : null;
  } catch (problem) {
    if (!(problem instanceof Refused)) throw problem;
    return null;
  }
}

/** The one-time key of the node, once all that speaks for it was verified by what the share itself says. */
async function verifiedKey(share, document, { question, ...others }) {
  const release = await verifyRelease({ share, ceremony: question, ...others, now: now() });
  const { index, custodian } = decode(share);
  if (release.ceremony.hash !== document.ceremony) throw new Refused("other-ceremony");
  if (index !== document.index || !isSame(custodian, document.person)) throw new Refused("other-holder");
  return fromB64u(release.ceremony.public_key);
}

/** The context in which a node seals a share to its custodian (docs/formats/custody.md). */
function boxContext({ deployment, zone, epoch, share_set: shareSet, index, credential_id: credentialId }) {
  return {
    purpose: "quorate/sealed-share/v1",
    deployment,
    zone: zone.id,
    epoch,
    share_set: shareSet,
    index,
    credential_id: credentialId,
  };
}

function isSame(one, other) {
  return one?.id === other.id && one.name === other.name;
}
