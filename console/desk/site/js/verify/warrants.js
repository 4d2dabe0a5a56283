/** Warrants: whether an operation is authorised under the charters in force, by what the desk's catalogue demands. */
import { fromB64u, sha256Hex } from "../canonical.js";
import { readDocument } from "../documents.js";
import { checkFields } from "../fields.js";
import { Refused } from "../refusal.js";
import { areCustodiansApart, delayOf } from "./charters.js";
import { checkDuties } from "./duties.js";
import { readPaper } from "./papers.js";
import { evaluate } from "./quorum.js";

/**
 * @typedef {import("./charters.js").Charter} Charter
 * @typedef {Record<string, Charter>} InForce the charter in force of each kind of authority
 */

/**
 * A warrant as it reads, nothing of it verified.
 * @param {Uint8Array} bytes
 * @returns {Promise<{proposal: any, signatures: any}>} the proposal with its `bytes` and `hash`
 */
export async function readWarrant(bytes) {
  const signatures = readPaper("quorate/warrant/v1", bytes);
  const raw = fromB64u(signatures.proposal);
  const proposal = readDocument("quorate/proposal/v1", raw);
  return { proposal: { ...proposal, bytes: raw, hash: await sha256Hex(raw) }, signatures };
}

/**
 * Whose consent an operation needs, and its parameters are of its shape.
 * @param {any} proposal
 * @param {Record<string, any>} operations those of the desk's catalogue
 * @returns {any} the operation
 * @throws {Refused} for an operation that the catalogue does not have, or that needs nobody's consent
 */
export function operationOf(proposal, operations) {
  const operation = Object.hasOwn(operations, proposal.operation) ? operations[proposal.operation] : undefined;
  if (operation === undefined) throw new Refused("unknown-operation");
  checkFields(operation.fields, proposal.parameters, "parameters");
  if (!operation.consent.kinds.length || !(operation.consent.floor >= 1)) throw new Refused("no-consent");
  return operation;
}

/**
 * Verifies a warrant that nodes carry out.
 * @param {{proposal: any, signatures: any}} warrant
 * @param {{inForce: InForce, operations: Record<string, any>, now: number, contributor?: string}} by with the id of
 *   the person who is to give a share for it
 * @returns {Promise<{operation: any, counted: any[], delay: number}>} with the delay that was demanded, in seconds
 * @throws {Refused} unless it is authorised
 */
export async function verifyWarrant({ proposal, signatures }, { inForce, operations, now, contributor }) {
  const operation = operationOf(proposal, operations);
  const { kinds } = operation.consent;
  const { nodes: least, most_nodes: most } = operation;
  const count = proposal.nodes.length;
  if (!(count > 0 && count >= least && count <= most)) throw new Refused("other-nodes");
  const charters = kinds.map((kind) => partyTo(proposal, operation, kind, inForce));
  const announced = proposal.not_before;
  const verdict = await evaluate(charters, proposal, signatures, { ...operation.consent, now, announced });
  refuseUnless(verdict);
  const delay = delayOf(charters, proposal.operation);
  if (!(now >= announced + delay)) throw new Refused("delayed");
  if (contributor !== undefined && areCustodiansApart(charters, proposal.operation)) {
    const demanded = { ...operation.consent, now, announced, contributors: [contributor] };
    const without = await evaluate(charters, proposal, signatures, demanded);
    if (!without.authorised) throw new Refused("custodian-apart");
  }
  if (kinds.includes("zone")) checkDuties(inForce.provider, inForce.zone);
  return { operation, counted: verdict.counted, delay };
}

/** @param {import("./quorum.js").Verdict} verdict @throws {Refused} unless it authorises */
export function refuseUnless(verdict) {
  if (verdict.closed !== null) throw new Refused("closed");
  if (!verdict.authorised) throw new Refused(verdict.problems[0] ?? "quorum-not-met");
}

/** The charter in force of the provider, or of the customer or zone that the parameters name. */
function partyTo(proposal, operation, kind, inForce) {
  const charter = inForce[kind];
  if (charter === undefined) throw new Refused("no-anchor", kind);
  if (kind === "provider") return charter;
  const field = operation.consent.parties[kind];
  const party = field === undefined ? undefined : proposal.parameters[field];
  if (party?.id !== charter.authority.id) throw new Refused("other-party", kind);
  return charter;
}
