/**
 * Whether a custodian's share may be given to a node: the desk's own verdict, from the anchors inside the share it has
 * opened and from nothing else that it was told (docs/formats/verifier.md).
 */
import { CATALOGUE } from "../built/catalogue.js";
import { fromB64u, sha256Hex } from "../canonical.js";
import { CLOCK_TOLERANCE, checkDeployment } from "../checks.js";
import { Refused } from "../refusal.js";
import { fingerprint } from "../words.js";
import { verifyChain } from "./chains.js";
import { AMEND, headOf } from "./charters.js";
import { shareCommitment } from "./commitments.js";
import { checkIsNode, openEnvelope, verifyEnrolment } from "./nodes.js";
import { readPaper } from "./papers.js";
import { readWarrant, verifyWarrant } from "./warrants.js";

export const CEREMONY = "quorate/ceremony/v1";
/** What a share and a ceremony must say alike. */
const ALIKE = ["deployment", "demo", "provider_founding", "zone_founding", "backup_key", "epoch", "share_set",
  "threshold", "kcv", "commitment"];

/** What an operation's parameters must say as the share does, if they say it. */
const PERHAPS = ["backup_key", "zone_charter", "kcv", "commitment", "threshold"];

/**
 * What was verified: to be shown, and to be acted on.
 * @typedef {object} Release
 * @property {any} proposal with its `hash`
 * @property {any} operation as the catalogue has it
 * @property {{id: string, name: string, dataCentre: any, identity: string, words: string[]}} node who gets the share
 * @property {any} ceremony with its `hash`; its `public_key` is what the share is sealed to
 * @property {{provider: any, zone: any}} charters in force: the head of each
 * @property {{identity: string, person: any, authority: any}[]} counted who authorised it
 * @property {{identity: string, person: any, authority: any}[]} admitted who enrolled the node
 */

/**
 * Verifies all that speaks for the release of a share.
 * @param {object} given
 * @param {Uint8Array} given.share the bytes of the key share, as they were in the box
 * @param {{provider: Uint8Array[], zone: Uint8Array[]}} given.charters the links of each chain, from the founding one
 * @param {Uint8Array} given.warrant of the operation that gathers shares
 * @param {Uint8Array} given.enrolment the warrant by which the node was enrolled
 * @param {Uint8Array} given.ceremony what the node signed: its question for shares, with its one-time key
 * @param {Record<string, any>} [given.operations] those of the desk's own catalogue
 * @param {number} given.now seconds since 1970
 * @returns {Promise<Release>}
 * @throws {Refused} unless everything holds; whatever is unexpected is a refusal too
 */
export async function verifyRelease(given) {
  try {
    return await verify({ operations: CATALOGUE.operations, ...given });
  } catch (problem) {
    throw problem instanceof Refused ? problem : new Refused("unexpected", problem?.name);
  }
}

async function verify({ share: shareBytes, charters, warrant, enrolment, ceremony, operations, now }) {
  if (!Number.isSafeInteger(now)) throw new Refused("unexpected", "now");
  const share = readPaper("quorate/key-share/v1", shareBytes);
  checkDeployment(share);
  const { floor } = operations[AMEND].consent;
  const by = { deployment: share.deployment, demo: share.demo, floor, now };
  const provider = await verifyChain(charters.provider, { anchor: share.provider_founding, ...by });
  const zone = await verifyChain(charters.zone, { anchor: share.zone_founding, ...by, known: provider });
  const inForce = { provider: provider.at(-1), zone: zone.at(-1) };
  checkZone(inForce, share, now);
  const enrolled = await verifyEnrolment(enrolment, { provider, operations });
  const question = await readCeremony(ceremony, enrolled);
  await checkAsksForThis(question, share);
  const authorised = await readWarrant(warrant);
  const { operation, counted, delay } = await verifyWarrant(authorised, {
    inForce, operations, now, contributor: share.custodian.id,
  });
  checkIsForThis(authorised.proposal, operation, { question, share, enrolled });
  checkTime(question, authorised.proposal, { delay, now });
  const { node, dataCentre, identity } = enrolled;
  return {
    proposal: authorised.proposal,
    operation,
    node: { ...node, dataCentre, identity, words: fingerprint(identity) },
    ceremony: question,
    charters: { provider: headOf(inForce.provider), zone: headOf(inForce.zone) },
    counted,
    admitted: enrolled.counted,
  };
}

/**
 * The zone is the share's, on nodes of this provider. Both charters are valid now: what a console withholds of a chain
 * can be no older than that.
 */
function checkZone({ provider, zone }, share, now) {
  if (provider.authority.kind !== "provider" || zone.authority.kind !== "zone") throw new Refused("other-authority");
  for (const { valid_from: from, valid_until: until } of [provider, zone]) {
    if (!(now >= from)) throw new Refused("charter-not-yet");
    if (!(now < until)) throw new Refused("charter-expired");
  }
  if (!isSame(zone.authority, share.zone)) throw new Refused("other-zone");
  if (!isSame(zone.zone.provider, provider.authority)) throw new Refused("other-provider");
}

/** The ceremony in what the enrolled node, and no other, signed for it. */
async function readCeremony(bytes, { node, point }) {
  const payload = await openEnvelope(bytes, { purpose: CEREMONY, node: node.id, point });
  const question = readPaper("quorate/ceremony/v1", payload);
  if (!isSame(question.node, node)) throw new Refused("other-node");
  return { ...question, hash: await sha256Hex(payload) };
}

/** The ceremony asks for this very share, unaltered, of this custodian. */
async function checkAsksForThis(question, share) {
  if (!isSame(question.zone, share.zone)) throw new Refused("other-zone");
  const other = ALIKE.find((name) => question[name] !== share[name]);
  if (other !== undefined) throw new Refused("other-share", other);
  const holder = question.holders[share.index - 1];
  const isHolder = holder !== undefined && isSame(holder.custodian, share.custodian);
  if (!isHolder || holder.credential_id !== share.credential_id || question.holders.length !== share.count) {
    throw new Refused("other-holder");
  }
  if (holder.commitment !== (await shareCommitment(fromB64u(share.value), share))) throw new Refused("altered-share");
}

/** The warrant is for this ceremony, on this node, and its operation is one that needs this very share set. */
function checkIsForThis(proposal, operation, { question, share, enrolled }) {
  if (operation.gathers !== true) throw new Refused("gathers-nothing");
  const { operation: tag, parameters } = proposal;
  if (question.proposal !== proposal.proposal || question.proposal_hash !== proposal.hash) {
    throw new Refused("other-proposal");
  }
  if (question.operation !== tag || question.step !== 0) throw new Refused("other-proposal");
  checkIsNode(proposal.nodes, enrolled);
  const wanted = { epoch: share.epoch, share_set: share.share_set };
  const perhaps = { ...share, zone_charter: share.zone_founding };
  for (const name of PERHAPS) if (Object.hasOwn(parameters, name)) wanted[name] = perhaps[name];
  const differs = Object.keys(wanted).find((name) => parameters[name] !== wanted[name]);
  if (differs !== undefined || !isSame(parameters.zone, share.zone)) throw new Refused("other-share", "parameters");
}

/** The ceremony was opened under the warrant, is not over, and does not outlast it. */
function checkTime(question, proposal, { delay, now }) {
  if (question.opened_at < proposal.not_before + delay || question.opened_at > now + CLOCK_TOLERANCE) {
    throw new Refused("too-early");
  }
  if (now >= question.expires_at || question.expires_at > proposal.expires_at + delay) throw new Refused("ceremony-over");
}

function isSame(one, other) {
  return one?.id === other.id && one.name === other.name;
}
