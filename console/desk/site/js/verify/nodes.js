/** Nodes: that the provider's people admitted one, with which identity key, and that this key signed something. */
import { fromB64u, sha256Hex } from "../canonical.js";
import { pae } from "../purposes.js";
import { Refused } from "../refusal.js";
import { checkEcdsa } from "./keys.js";
import { readPaper } from "./papers.js";
import { evaluate } from "./quorum.js";
import { operationOf, readWarrant, refuseUnless } from "./warrants.js";

const ENROL = "node.enrol/v1";

/**
 * @typedef {object} Enrolled
 * @property {{id: string, name: string}} node
 * @property {{id: string, name: string}} dataCentre
 * @property {Uint8Array} point its identity key
 * @property {string} identity SHA-256 of the point, whose words people compared
 * @property {any[]} counted who admitted it
 */

/**
 * Verifies the enrolment of a node, under the version of the provider's charter that it names, as of the moment from
 * which it was good.
 * @param {Uint8Array} bytes of the warrant
 * @param {{provider: import("./charters.js").Charter[], operations: Record<string, any>}} by the chain from its anchor
 * @returns {Promise<Enrolled>}
 */
export async function verifyEnrolment(bytes, { provider, operations }) {
  const { proposal, signatures } = await readWarrant(bytes);
  if (proposal.operation !== ENROL) throw new Refused("operation");
  const { consent } = operationOf(proposal, operations);
  const { node, data_centre: dataCentre, identity } = proposal.parameters;
  const point = fromB64u(identity);
  const enrolled = { node, dataCentre, point, identity: await sha256Hex(point) };
  checkIsNode(proposal.nodes, enrolled);
  const named = proposal.authorities.map((one) => one.version);
  const charters = provider.filter((one) => named.includes(one.version));
  const verdict = await evaluate(charters, proposal, signatures, { ...consent, now: proposal.not_before });
  refuseUnless(verdict);
  return { ...enrolled, counted: verdict.counted };
}

/**
 * Nodes that a proposal names must be just the one that was enrolled, by id, name and identity key.
 * @param {{id: string, name: string, identity: string}[]} nodes @param {Enrolled} enrolled
 */
export function checkIsNode(nodes, { node, identity }) {
  const [one] = nodes;
  const isIt = one?.id === node.id && one.name === node.name && one.identity === identity;
  if (nodes.length !== 1 || !isIt) throw new Refused("other-node");
}

/**
 * What a node signed for a purpose.
 * @param {Uint8Array} bytes of the envelope
 * @param {{purpose: string, node: string, point: Uint8Array}} by
 * @returns {Promise<Uint8Array>} the payload
 */
export async function openEnvelope(bytes, { purpose, node, point }) {
  const signed = readPaper("quorate/node-signed/v1", bytes);
  if (signed.purpose !== purpose) throw new Refused("wrong-purpose");
  if (signed.node !== node) throw new Refused("wrong-node");
  const payload = fromB64u(signed.payload);
  await checkEcdsa(point, fromB64u(signed.signature), pae(purpose, payload), "bad-identity");
  return payload;
}
