/**
 * Share keys: an X25519 key pair that follows from what a token alone can compute (the PRF extension, WebAuthn
 * Level 3 section 10.1.4), so that nobody has to keep it. The salt is this page's own, never taken from elsewhere.
 */
import { encode, fromB64u, sameBytes, sha256 } from "./canonical.js";
import { Refused } from "./refusal.js";
import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from "./vendor/hpke.js";

const suite = new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() });
const utf8 = new TextEncoder();
const ENCAPSULATED = 32;

/** What a token is asked to compute over: the same at every desk, and in every deployment. */
export const SALT = await sha256(utf8.encode("quorate/share-key/salt/v1"));

/**
 * The key pair that follows from a token's secret.
 * @param {Uint8Array} secret 32 bytes
 * @param {string} credentialId base64url
 * @returns {Promise<{publicKey: Uint8Array, pair: CryptoKeyPair}>}
 */
export async function keyPairFrom(secret, credentialId) {
  const key = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveBits"]);
  const info = utf8.encode(`quorate/share-key/v1 ${credentialId}`);
  const seed = await crypto.subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info }, key, 256);
  const pair = await suite.kem.deriveKeyPair(seed);
  return { publicKey: new Uint8Array(await suite.kem.serializePublicKey(pair.publicKey)), pair };
}

/**
 * The key pair of a private key that is kept by itself.
 * @param {Uint8Array} privateKey 32 bytes (RFC 7748 section 5)
 * @returns {Promise<{publicKey: Uint8Array, pair: {privateKey: CryptoKey}}>}
 */
export async function pairOf(privateKey) {
  const key = await suite.kem.deserializePrivateKey(privateKey);
  const { x } = await crypto.subtle.exportKey("jwk", key);
  return { publicKey: fromB64u(x), pair: { privateKey: key } };
}

/**
 * The key pair of a private key, if it is the one that a statement certifies.
 * @param {Uint8Array} privateKey @param {any} statement
 * @throws {Refused} if it is another
 */
export async function pairFor(privateKey, statement) {
  const { publicKey, pair } = await pairOf(privateKey);
  if (!sameBytes(publicKey, fromB64u(statement.public_key))) throw new Refused("other-share-key");
  return pair;
}

/**
 * Seals bytes to a public key, in a context that whoever opens them has to name.
 * @param {Uint8Array} plain @param {Uint8Array} publicKey @param {object} context
 * @returns {Promise<Uint8Array>}
 */
export async function seal(plain, publicKey, context) {
  const recipientPublicKey = await suite.kem.deserializePublicKey(publicKey);
  const sender = await suite.createSenderContext({ recipientPublicKey, info: encode(context) });
  const sealed = new Uint8Array(await sender.seal(plain));
  const whole = new Uint8Array(ENCAPSULATED + sealed.length);
  whole.set(new Uint8Array(sender.enc));
  whole.set(sealed, ENCAPSULATED);
  return whole;
}

/**
 * Opens what was sealed to this key in this context.
 * @param {Uint8Array} sealed @param {CryptoKeyPair} pair @param {object} context
 * @returns {Promise<Uint8Array>}
 * @throws {Refused} if it was not
 */
export async function open(sealed, pair, context) {
  try {
    const enc = sealed.slice(0, ENCAPSULATED);
    const recipient = await suite.createRecipientContext({ recipientKey: pair.privateKey, enc, info: encode(context) });
    return new Uint8Array(await recipient.open(sealed.slice(ENCAPSULATED)));
  } catch {
    throw new Refused("cannot-open");
  }
}
