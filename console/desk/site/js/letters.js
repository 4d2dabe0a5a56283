/** Which texts people can read as they stand, and which letters of a text could be mistaken for others. */

const UNREADABLE = /[\p{C}\p{Default_Ignorable_Code_Point}\u2800\u2028\u2029]|(?! )\p{Zs}/u;
/** Printable ASCII, the letters of Western and Central European languages, and common punctuation. */
const USUAL = /[\x20-\x7e\u00a1-\u00ac\u00ae-\u017e\u2013\u2014\u2018\u2019\u201a\u201c\u201d\u201e\u2026\u20ac]/u;
const SCRIPTS = ["Latin", "Cyrillic", "Greek", "Armenian", "Hebrew", "Arabic", "Devanagari", "Han", "Hiragana",
  "Katakana", "Hangul", "Thai", "Georgian", "Cherokee"];
const OF_SCRIPT = new Map(SCRIPTS.map((name) => [name, new RegExp(`\\p{Script=${name}}`, "u")]));

/**
 * Whether people can read `text` as it stands: NFC, no control, format or bidirectional characters, no leading,
 * trailing or double spaces.
 * @param {string} text
 */
export function isPlain(text) {
  return (
    text.normalize("NFC") === text && !UNREADABLE.test(text) && text.trim() === text && !text.includes("  ")
  );
}

/**
 * The letters of `text` that are not of the usual ones, each once, with what they are.
 * @param {string} text
 * @returns {{letter: string, point: string, script: string}[]}
 */
export function unusualLetters(text) {
  const unusual = new Set([...text].filter((letter) => !USUAL.test(letter)));
  return [...unusual].map((letter) => ({ letter, point: codePoint(letter), script: scriptOf(letter) }));
}

/** @param {string} letter */
function codePoint(letter) {
  return `U+${letter.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
}

/** @param {string} letter */
function scriptOf(letter) {
  for (const [name, pattern] of OF_SCRIPT) if (pattern.test(letter)) return name;
  return "special";
}
