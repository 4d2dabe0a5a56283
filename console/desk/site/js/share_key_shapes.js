/** The shapes of share keys: the X25519 keys to which shares of backup keys are sealed, certified by a token. */
import { decode, fromB64u } from "./canonical.js";
import { Refused } from "./refusal.js";
import * as is from "./shapes.js";

const FIELD = 2n ** 255n - 19n;
/** The coordinates of the points of small order (RFC 7748 section 6.1), with which nothing can be agreed. */
const SMALL_ORDER = new Set([
  0n, 1n, FIELD - 1n,
  325606250916557431795983626356110631294008115727848805560023387167927233504n,
  39382357235489614581723060781553021112529911719440698176882885853963445705823n,
]);
const KEY = is.bytes(43, 43);

/** An X25519 public key in its one encoding, with which something can be agreed. @type {is.Shape} */
export const kemPublicKey = (value, path) => {
  KEY(value, path);
  const number = fromB64u(value).reduceRight((whole, byte) => (whole << 8n) | BigInt(byte), 0n);
  if (number >= FIELD || SMALL_ORDER.has(number)) throw new Refused("bad-field", path);
};

/** `kept` is absent where the token itself computes the key. */
const statement = is.object(
  {
    type: is.oneOf("quorate/share-key-statement/v1"),
    deployment: is.id,
    demo: is.boolean,
    person: is.named,
    credential_id: is.bytes(),
    public_key: kemPublicKey,
    at: is.time,
  },
  () => {},
  { kept: is.oneOf("file", "sheet") },
);

/** An assertion as a document holds it. */
export const assertion = is.object({
  authenticator_data: is.bytes(2732),
  client_data: is.bytes(5462),
  credential_id: is.bytes(1364),
  signature: is.bytes(200),
});

/** What a share key's statement says. @param {{statement: string}} shareKey @throws {Refused} */
export function stated(shareKey) {
  const value = decode(fromB64u(shareKey.statement));
  statement(value, "share_key.statement");
  return value;
}

/** A share key as a charter holds it with its token. @type {is.Shape} */
export const shareKey = is.object({ statement: is.bytes(), assertion }, stated);

/**
 * Whether the share keys of a charter are of its deployment, each of the person and the token with which it stands.
 * @param {any} charter
 */
export function fitTheirPlaces(charter) {
  const held = charter.people.flatMap((person) =>
    person.tokens.filter((token) => token.share_key).map((token) => ({ person, token, says: stated(token.share_key) })),
  );
  const fit = held.every(
    ({ person, token, says }) =>
      says.deployment === charter.deployment && says.demo === charter.demo &&
      says.person.id === person.id && says.credential_id === token.credential_id,
  );
  return fit && new Set(held.map(({ says }) => says.public_key)).size === held.length;
}

/** What the console hands over when a person is to make a share key with one of their tokens. */
export const shareKeyRequest = (desk) =>
  is.object({
    type: is.oneOf("quorate/share-key-request/v1"),
    deployment: is.id,
    demo: is.boolean,
    person: is.named,
    organisation: is.named,
    desk,
    credential_id: is.bytes(1364, 22),
    label: is.name,
    nonce: is.id,
    at: is.time,
  });
