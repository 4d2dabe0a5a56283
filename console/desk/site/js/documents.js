/**
 * The documents this desk signs, checked strictly: exactly their members, each of its form.
 * The same as `hsmnodes/node/protocol/documents`; an unknown member is a refusal.
 */
import { decode } from "./canonical.js";
import { charter } from "./charter.js";
import { Refused } from "./refusal.js";
import { shareKeyRequest } from "./share_key_shapes.js";
import * as is from "./shapes.js";
import { statement } from "./statement.js";

const LONGEST_LIFETIME = 7 * 86400;
const SIGN_IN_LIFETIME = 600;

/** The one origin at which people sign, and its WebAuthn relying party id: exactly the origin's host. */
const desk = is.object({ origin: is.origin, rp_id: is.matching(/^[a-z0-9.-]{1,200}$/) }, (value, path) => {
  if (value.origin.split("://")[1].split(":")[0] !== value.rp_id) throw new Refused("bad-field", `${path}.rp_id`);
});

const signIn = is.object(
  {
    type: is.oneOf("quorate/sign-in/v1"),
    deployment: is.id,
    console: is.origin,
    desk,
    nonce: is.id,
    at: is.time,
    expires_at: is.time,
  },
  (value) => {
    const lifetime = value.expires_at - value.at;
    if (lifetime <= 0 || lifetime > SIGN_IN_LIFETIME) throw new Refused("bad-field", "expires_at");
  },
);

const enrolment = is.object({
  type: is.oneOf("quorate/enrolment/v1"),
  deployment: is.id,
  demo: is.boolean,
  person: is.named,
  organisation: is.named,
  desk,
  label: is.name,
  nonce: is.id,
  at: is.time,
});

const authorityAt = is.object({
  kind: is.oneOf("provider", "customer", "zone"),
  id: is.id,
  name: is.name,
  version: is.version,
  hash: is.hash,
});

const proposal = is.object(
  {
    type: is.oneOf("quorate/proposal/v1"),
    deployment: is.id,
    demo: is.boolean,
    proposal: is.id,
    operation: is.tag,
    parameters: is.anyObject,
    authorities: is.list(authorityAt, 1, 8),
    nodes: is.list(is.object({ id: is.id, name: is.name, identity: is.hash }), 0, 64),
    requester: is.object({ id: is.id, name: is.name, organisation: is.named }),
    not_before: is.time,
    expires_at: is.time,
    previous: is.nullable(is.hash),
    reason: is.reason,
  },
  (value) => {
    const lifetime = value.expires_at - value.not_before;
    if (lifetime <= 0 || lifetime > LONGEST_LIFETIME) throw new Refused("bad-field", "expires_at");
    const places = value.authorities.map((authority) => `${authority.kind} ${authority.id}`);
    if (!is.isSorted(places)) throw new Refused("bad-field", "authorities");
    const nodes = value.nodes.map((node) => node.id);
    if (new Set(nodes).size !== nodes.length) throw new Refused("bad-field", "nodes");
  },
);

const contribution = is.object({
  type: is.oneOf("quorate/contribution/v1"),
  deployment: is.id,
  demo: is.boolean,
  ceremony: is.hash,
  proposal: is.id,
  node: is.named,
  zone: is.named,
  epoch: is.version,
  share_set: is.version,
  index: is.integer(1, 16),
  person: is.named,
  credential_id: is.bytes(1364, 22),
  nonce: is.id,
  at: is.time,
});

const suspension = is.object({
  type: is.oneOf("quorate/suspension-statement/v1"),
  deployment: is.id,
  demo: is.boolean,
  authority: authorityAt,
  person: is.named,
  credential_id: is.bytes(1364, 22),
  by: is.named,
  reason: is.reason,
  at: is.time,
});

const applicationSuspension = is.object({
  type: is.oneOf("quorate/application-suspension-statement/v1"),
  deployment: is.id,
  demo: is.boolean,
  authority: authorityAt,
  application: is.named,
  by: is.named,
  reason: is.reason,
  at: is.time,
});

/** Every document type that may lie on this desk or before it, by the name it bears. */
const SHAPES = {
  "quorate/sign-in/v1": signIn,
  "quorate/enrolment/v1": enrolment,
  "quorate/proposal/v1": proposal,
  "quorate/charter/v1": charter(desk),
  "quorate/share-key-request/v1": shareKeyRequest(desk),
  "quorate/contribution/v1": contribution,
  "quorate/suspension-statement/v1": suspension,
  "quorate/application-suspension-statement/v1": applicationSuspension,
  "quorate/statement/v1": statement(authorityAt),
};

/** Types that may be longer than others, in bytes. */
const LONGEST = { "quorate/statement/v1": 500000 };

/**
 * Reads the canonical bytes of one document of the given type.
 * @param {string} type such as `quorate/proposal/v1`
 * @param {Uint8Array} bytes
 * @returns {any} its members
 * @throws {Refused}
 */
export function readDocument(type, bytes) {
  const value = decode(bytes, LONGEST[type]);
  if (value === null || typeof value !== "object" || value.type !== type) throw new Refused("other-document");
  SHAPES[type](value, "");
  return value;
}

/**
 * Reads the canonical bytes of one document of any of these types.
 * @param {string[]} types
 * @param {Uint8Array} bytes
 * @returns {any} its members
 * @throws {Refused}
 */
export function readOneOf(types, bytes) {
  const said = types.length > 1 ? decode(bytes)?.type : types[0];
  return readDocument(types.includes(said) ? said : types[0], bytes);
}
