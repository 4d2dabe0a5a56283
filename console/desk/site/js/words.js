/** Fingerprints as words that people compare over the phone: eight of 2048 words, 88 bits of a SHA-256. */
import { WORD_LIST } from "./built/words.js";
import { fromHex } from "./canonical.js";

const WORDS = 8;
const BITS = 11n;

/**
 * The eight words of a SHA-256: its first 88 bits, eleven a word, big-endian.
 * @param {string} hash 64 hexadecimal digits
 * @returns {string[]}
 */
export function fingerprint(hash) {
  let number = 0n;
  for (const byte of fromHex(hash).subarray(0, 11)) number = (number << 8n) | BigInt(byte);
  return Array.from({ length: WORDS }, (_, place) => {
    const shift = BITS * BigInt(WORDS - 1 - place);
    return WORD_LIST[Number((number >> shift) & 2047n)];
  });
}
