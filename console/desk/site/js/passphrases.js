/** Passphrases for files: what is strong enough, and six words drawn at random. */
import { WORD_LIST } from "./built/words.js";
import { spelt } from "./share_key_file.js";

export const SHORTEST = 20;
export const FEWEST_DIFFERENT = 10;
const WORDS = 6;

/** Whether a passphrase is long and varied enough. @param {string} passphrase */
export function isStrong(passphrase) {
  const letters = [...spelt(passphrase)];
  return letters.length >= SHORTEST && new Set(letters).size >= FEWEST_DIFFERENT;
}

/** Six words, each drawn of 2048: 66 bits, and strong enough in letters, too. @returns {string} */
export function drawPassphrase() {
  const drawn = [...crypto.getRandomValues(new Uint16Array(WORDS))].map((number) => WORD_LIST[number % WORD_LIST.length]);
  const passphrase = drawn.join(" ");
  return isStrong(passphrase) ? passphrase : drawPassphrase();
}
