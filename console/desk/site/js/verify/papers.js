/**
 * The documents that the verifier reads and the desk does not sign: warrants, links of charters, what nodes sign,
 * shares. Strictly, as `hsmnodes/node/protocol/documents` has them.
 */
import { decode } from "../canonical.js";
import { Refused } from "../refusal.js";
import { assertion, kemPublicKey } from "../share_key_shapes.js";
import * as is from "../shapes.js";

const LONG = 1000000;
const MOST_SHARES = 16;
const index = is.integer(1, MOST_SHARES);
const threshold = is.integer(2, MOST_SHARES);
const backupKey = is.oneOf("MBK", "TBK");
const checkValue = is.matching(/^[0-9a-f]{6}$/);
const credentialId = is.bytes(1364, 22);

const approval = is.object({ type: is.oneOf("quorate/approval/v1"), proposal: is.hash, assertion });

const closing = (type) => is.object({ type: is.oneOf(type), statement: is.bytes(), assertion });

const statement = (type) =>
  is.object({
    type: is.oneOf(type),
    deployment: is.id,
    proposal: is.id,
    proposal_hash: is.hash,
    person: is.named,
    reason: is.reason,
    at: is.time,
  });

const warrant = is.object({
  type: is.oneOf("quorate/warrant/v1"),
  proposal: is.bytes(),
  request: assertion,
  approvals: is.list(approval, 0, 200),
  rejections: is.list(closing("quorate/rejection/v1"), 0, 200),
  cancellations: is.list(closing("quorate/cancellation/v1"), 0, 200),
  evidence: is.list(is.bytes(), 0, 16),
});

const link = is.object(
  {
    type: is.oneOf("quorate/charter-link/v1"),
    charter: is.bytes(),
    possession: is.list(assertion, 0, 10000),
    warrant: is.nullable(is.bytes()),
  },
  undefined,
  { sides: is.list(is.object({ charter: is.bytes(), links: is.list(is.bytes(), 0, 1000) }), 1, 2) },
);

const nodeSigned = is.object({
  type: is.oneOf("quorate/node-signed/v1"),
  purpose: is.matching(/^quorate\/[a-z-]{1,30}\/v1$/),
  node: is.id,
  payload: is.bytes(),
  signature: is.bytes(86, 86),
});

const holder = is.object({ index, custodian: is.named, credential_id: credentialId, commitment: is.hash });

const ceremony = is.object(
  {
    type: is.oneOf("quorate/ceremony/v1"),
    deployment: is.id,
    demo: is.boolean,
    node: is.named,
    proposal: is.id,
    proposal_hash: is.hash,
    step: is.integer(0, 63),
    operation: is.tag,
    zone: is.named,
    provider_founding: is.hash,
    zone_founding: is.hash,
    backup_key: backupKey,
    epoch: is.version,
    kcv: checkValue,
    share_set: is.version,
    threshold,
    asked: threshold,
    commitment: is.hash,
    holders: is.list(holder, 2, MOST_SHARES),
    public_key: kemPublicKey,
    opened_at: is.time,
    expires_at: is.time,
  },
  (value) => {
    const { holders, asked } = value;
    const people = new Set(holders.map((one) => one.custodian.id));
    if (holders.some((one, place) => one.index !== place + 1)) throw new Refused("bad-field", "holders.index");
    if (people.size !== holders.length) throw new Refused("bad-field", "holders.custodian");
    if (asked < value.threshold || asked > holders.length) throw new Refused("bad-field", "asked");
  },
);

const keyShare = is.object(
  {
    type: is.oneOf("quorate/key-share/v1"),
    deployment: is.id,
    demo: is.boolean,
    zone: is.named,
    provider_founding: is.hash,
    zone_founding: is.hash,
    backup_key: backupKey,
    epoch: is.version,
    share_set: is.version,
    threshold,
    count: index,
    index,
    kcv: checkValue,
    commitment: is.hash,
    custodian: is.named,
    credential_id: is.bytes(),
    value: is.bytes(),
  },
  (value) => {
    if (value.threshold > value.count || value.index > value.count) throw new Refused("bad-field", "count");
  },
);

/** Each type with its shape, and how long it may be. */
const PAPERS = {
  "quorate/warrant/v1": [warrant, LONG],
  "quorate/charter-link/v1": [link, LONG],
  "quorate/node-signed/v1": [nodeSigned, LONG],
  "quorate/rejection-statement/v1": [statement("quorate/rejection-statement/v1")],
  "quorate/cancellation-statement/v1": [statement("quorate/cancellation-statement/v1")],
  "quorate/ceremony/v1": [ceremony],
  "quorate/key-share/v1": [keyShare],
};

/**
 * Reads the canonical bytes of one document of the given type.
 * @param {string} type
 * @param {Uint8Array} bytes
 * @returns {any} its members
 * @throws {Refused}
 */
export function readPaper(type, bytes) {
  const [shape, limit] = PAPERS[type];
  const value = decode(bytes, limit);
  if (value === null || typeof value !== "object" || value.type !== type) throw new Refused("other-document");
  shape(value, "");
  return value;
}
