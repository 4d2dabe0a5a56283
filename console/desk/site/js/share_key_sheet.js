/**
 * A share key on paper: its private key as eight lines of four words, each line with a check of its own, and as
 * the text of a code to be scanned.
 */
import { WORD_LIST } from "./built/words.js";
import { fromHex, hex, sha256 } from "./canonical.js";
import { Refused } from "./refusal.js";

export const LINES = 8;
export const WORDS_A_LINE = 4;
const KEY_BYTES = 32;
const BYTES_A_LINE = KEY_BYTES / LINES;
const CHECK_BITS = 12n;
const WORD_BITS = 11n;
const TELLING = 4; // letters of a word that no other word begins with
const BY_BEGINNING = new Map(WORD_LIST.map((word, place) => [word.slice(0, TELLING), place]));
const HEAD = "QUORATE SHARE KEY 1";
const CODE = new RegExp(`^${HEAD} ([0-9A-F]{64}) ([0-9A-F]{8})$`);
const CONTEXT = new TextEncoder().encode("quorate/share-key-sheet/v1");

/**
 * The lines of a sheet: 32 bits of the key and 12 of a check, eleven bits a word, big-endian.
 * @param {Uint8Array} privateKey
 * @returns {Promise<string[][]>}
 */
export function wordLines(privateKey) {
  const parts = Array.from({ length: LINES }, (_, place) => partOf(privateKey, place));
  return Promise.all(parts.map(async (part, place) => wordsOf((toNumber(part) << CHECK_BITS) | (await check(part, place)))));
}

/**
 * The bytes that one line stands for.
 * @param {string} text four words, of which the first four letters are enough
 * @param {number} place from 0
 * @returns {Promise<Uint8Array>}
 * @throws {Refused} saying what is wrong with the line
 */
export async function readLine(text, place) {
  const typed = text.toLowerCase().split(/[\s,.]+/).filter(Boolean);
  if (typed.length !== WORDS_A_LINE) throw new Refused("line-length", String(typed.length));
  const number = typed.map(valueOf).reduce((whole, value) => (whole << WORD_BITS) | BigInt(value), 0n);
  const part = fromHex((number >> CHECK_BITS).toString(16).padStart(2 * BYTES_A_LINE, "0"));
  if ((number & ((1n << CHECK_BITS) - 1n)) !== (await check(part, place))) throw new Refused("line-check");
  return part;
}

/** The private key of all lines together. @param {Uint8Array[]} parts */
export function joined(parts) {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** The text of the code on a sheet: the key in hexadecimal, and a check of it. @param {Uint8Array} privateKey */
export async function codeText(privateKey) {
  return `${HEAD} ${hex(privateKey).toUpperCase()} ${await codeCheck(privateKey)}`;
}

/**
 * The private key in the text of a code.
 * @param {string} text as a scanner gives it
 * @returns {Promise<Uint8Array>}
 * @throws {Refused} if it is not such a text, or altered
 */
export async function readCode(text) {
  const found = CODE.exec(text.trim().toUpperCase());
  if (!found) throw new Refused("code-unreadable");
  const privateKey = fromHex(found[1]);
  if ((await codeCheck(privateKey)) !== found[2]) throw new Refused("code-altered");
  return privateKey;
}

async function codeCheck(privateKey) {
  return hex((await digest(0, privateKey)).subarray(0, 4)).toUpperCase();
}

/** The check of a line: the first twelve bits of a hash of its number, from 1, and what it stands for. */
async function check(part, place) {
  return toNumber((await digest(place + 1, part)).subarray(0, 2)) >> 4n;
}

function digest(number, bytes) {
  return sha256(Uint8Array.from([...CONTEXT, number, ...bytes]));
}

function partOf(privateKey, place) {
  return privateKey.subarray(BYTES_A_LINE * place, BYTES_A_LINE * (place + 1));
}

function toNumber(bytes) {
  return bytes.reduce((number, byte) => (number << 8n) | BigInt(byte), 0n);
}

function wordsOf(number) {
  return Array.from({ length: WORDS_A_LINE }, (_, place) => {
    const shift = WORD_BITS * BigInt(WORDS_A_LINE - 1 - place);
    return WORD_LIST[Number((number >> shift) & 2047n)];
  });
}

function valueOf(word) {
  const found = BY_BEGINNING.get(word.slice(0, TELLING));
  const wanted = WORD_LIST[found];
  if (wanted === word || (word.length >= TELLING && wanted?.startsWith(word))) return found;
  throw new Refused("line-word", word);
}
