/**
 * Canonical JSON (RFC 8785) restricted to what signed documents need: no floats, ASCII member names.
 * The same rules as `hsmnodes/node/protocol/canonical.py`; `tests/vectors/canonical.json` holds both to them.
 */
import { Refused } from "./refusal.js";

export const MAX_BYTES = 262144;
const MAX_DEPTH = 16;
const ASCII = /^[\x00-\x7f]*$/;
const BASE64URL = /^[A-Za-z0-9_-]*$/;

const utf8 = new TextEncoder();
const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The canonical bytes of a JSON value.
 * @param {unknown} value
 * @returns {Uint8Array}
 */
export function encode(value) {
  return utf8.encode(write(value, 0));
}

/**
 * Reads bytes that must be the canonical bytes of one JSON value.
 * @param {Uint8Array} bytes
 * @param {number} [limit] at most so many bytes
 * @returns {any}
 * @throws {Refused} for anything that would not be encoded in just this way
 */
export function decode(bytes, limit = MAX_BYTES) {
  if (bytes.length > limit) throw new Refused("too-long");
  let value;
  try {
    value = JSON.parse(strictUtf8.decode(bytes));
  } catch {
    throw new Refused("not-json");
  }
  if (!sameBytes(encode(value), bytes)) throw new Refused("not-canonical");
  return value;
}

/** @param {unknown} value @param {number} depth @returns {string} */
function write(value, depth) {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") return writeText(value);
  if (typeof value === "number") return writeInteger(value);
  if (depth >= MAX_DEPTH) throw new Refused("too-deep");
  if (Array.isArray(value)) return `[${value.map((item) => write(item, depth + 1)).join(",")}]`;
  if (typeof value !== "object") throw new Refused("not-plain-json");
  const members = Object.keys(value).sort();
  if (!members.every((name) => ASCII.test(name))) throw new Refused("member-name");
  return `{${members.map((name) => `${JSON.stringify(name)}:${write(value[name], depth + 1)}`).join(",")}}`;
}

/** @param {string} text */
function writeText(text) {
  if (!text.isWellFormed()) throw new Refused("lone-surrogate");
  return JSON.stringify(text);
}

/** @param {number} number */
function writeInteger(number) {
  if (!Number.isInteger(number)) throw new Refused("float");
  if (!Number.isSafeInteger(number)) throw new Refused("integer-too-large");
  return String(number);
}

/** @param {Uint8Array} one @param {Uint8Array} other */
export function sameBytes(one, other) {
  return one.length === other.length && one.every((byte, place) => byte === other[place]);
}

/** SHA-256 of bytes. @param {Uint8Array} bytes @returns {Promise<Uint8Array>} */
export async function sha256(bytes) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

/** SHA-256 of bytes as 64 lowercase hexadecimal digits. @param {Uint8Array} bytes */
export async function sha256Hex(bytes) {
  return hex(await sha256(bytes));
}

/** @param {Uint8Array} bytes */
export function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @param {string} text an even number of hexadecimal digits */
export function fromHex(text) {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** Base64url without padding (RFC 4648 section 5). @param {Uint8Array} bytes */
export function b64u(bytes) {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/**
 * The bytes of unpadded base64url, of which only the one canonical spelling is accepted.
 * @param {string} text
 */
export function fromB64u(text) {
  if (!BASE64URL.test(text) || text.length % 4 === 1) throw new Refused("not-base64url");
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
  if (b64u(bytes) !== text) throw new Refused("not-base64url");
  return bytes;
}
