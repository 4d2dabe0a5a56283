/**
 * Public keys and signatures, by the browser's own cryptography. What it would let pass is refused here first:
 * signatures in more than one spelling, and Ed25519 keys under which signatures hold that nobody made.
 */
import { ES256 } from "../charter.js";
import { Refused } from "../refusal.js";

const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const P25519 = 2n ** 255n - 19n;
const ORDER_8 = 0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n;
/** The y coordinates of the eight points of small order (RFC 8032). */
const SMALL_ORDER = new Set([0n, 1n, P25519 - 1n, ORDER_8, P25519 - ORDER_8]);
const ECDSA = { name: "ECDSA", hash: "SHA-256" };
const SCALAR = 32;

/**
 * Whether a token's signature holds: ECDSA in DER, or Ed25519.
 * @param {number} algorithm @param {Uint8Array} key raw @param {Uint8Array} signature @param {Uint8Array} signed
 * @throws {Refused} unless it does
 */
export async function checkTokenSignature(algorithm, key, signature, signed) {
  if (algorithm === ES256) return checkEcdsa(key, fromDer(signature), signed, "bad-key");
  if (isWeak(key)) throw new Refused("bad-key");
  await check({ name: "Ed25519" }, await importKey(key, { name: "Ed25519" }, "bad-key"), signature, signed);
}

/**
 * Whether an ECDSA signature (r ‖ s, 64 bytes) holds under a point of P-256.
 * @param {Uint8Array} point @param {Uint8Array} signature @param {Uint8Array} signed
 * @param {string} badKey the code for a point that is none
 */
export async function checkEcdsa(point, signature, signed, badKey) {
  const key = await importKey(point, { name: "ECDSA", namedCurve: "P-256" }, badKey);
  for (const part of [signature.subarray(0, SCALAR), signature.subarray(SCALAR)]) {
    const scalar = bigEndian(part);
    if (part.length !== SCALAR || scalar === 0n || scalar >= P256_ORDER) throw new Refused("bad-signature");
  }
  await check(ECDSA, key, signature, signed);
}

/** @param {string} badKey */
async function importKey(raw, algorithm, badKey) {
  if (algorithm.name === "ECDSA" && (raw.length !== 65 || raw[0] !== 4)) throw new Refused(badKey);
  try {
    return await crypto.subtle.importKey("raw", raw, algorithm, false, ["verify"]);
  } catch (problem) {
    throw new Refused(problem?.name === "NotSupportedError" ? "no-such-algorithm" : badKey);
  }
}

async function check(algorithm, key, signature, signed) {
  if ((await crypto.subtle.verify(algorithm, key, signature, signed)) !== true) throw new Refused("bad-signature");
}

/** An ECDSA signature in its one DER encoding as r ‖ s. @param {Uint8Array} der */
function fromDer(der) {
  if (der.length < 8 || der.length > 72 || der[0] !== 0x30 || der[1] !== der.length - 2) {
    throw new Refused("bad-signature");
  }
  const r = readInteger(der, 2);
  const s = readInteger(der, r.end);
  if (s.end !== der.length) throw new Refused("bad-signature");
  const raw = new Uint8Array(2 * SCALAR);
  raw.set(r.value, SCALAR - r.value.length);
  raw.set(s.value, 2 * SCALAR - s.value.length);
  return raw;
}

/** A positive integer of at most 256 bits, without a byte too many. */
function readInteger(der, at) {
  const [tag, length, first, second] = der.subarray(at);
  const end = at + 2 + length;
  if (tag !== 0x02 || !(length >= 1 && length <= SCALAR + 1) || end > der.length || first & 0x80) {
    throw new Refused("bad-signature");
  }
  const padded = first === 0 && length > 1;
  if ((padded && !(second & 0x80)) || (length === SCALAR + 1 && !padded)) throw new Refused("bad-signature");
  return { value: der.subarray(padded ? at + 3 : at + 2, end), end };
}

/** Whether an Ed25519 key is of small order, or not in its one encoding. @param {Uint8Array} raw */
function isWeak(raw) {
  const y = bigEndian(raw.slice().reverse()) & (2n ** 255n - 1n);
  return y >= P25519 || SMALL_ORDER.has(y);
}

/** @param {Uint8Array} bytes */
function bigEndian(bytes) {
  return bytes.reduce((number, byte) => (number << 8n) | BigInt(byte), 0n);
}
