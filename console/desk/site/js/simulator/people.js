/**
 * The simulated tokens of a demo: those of the sample people, built in, and those enrolled in this browser.
 * Their keys are anybody's. No other desk than a demo's has this file.
 */
import { SIMULATED } from "../built/simulated.js";

const ENROLLED = "quorate-simulator-enrolled";
const LAST = "quorate-simulator-last";

/**
 * A simulated token and whose it is.
 * @typedef {{credential_id: string, label: string, private_key: string, person: string, name: string,
 *   organisation: string, title: string}} SimulatedToken
 */

/** Every simulated token: everybody's first, then everybody's spare ones. @returns {SimulatedToken[]} */
export function allTokens() {
  const built = SIMULATED.flatMap((person) =>
    person.tokens.map((token, place) => ({
      ...token,
      place,
      person: person.id,
      name: person.name,
      organisation: person.organisation.name,
      title: person.title,
    })),
  );
  return [...built.sort((one, other) => one.place - other.place), ...enrolledTokens()];
}

/** @returns {SimulatedToken[]} */
function enrolledTokens() {
  try {
    const kept = JSON.parse(localStorage.getItem(ENROLLED) ?? "[]");
    return Array.isArray(kept) ? kept : [];
  } catch {
    return [];
  }
}

/** Keeps a token that was enrolled here. @param {SimulatedToken} token */
export function keepToken(token) {
  localStorage.setItem(ENROLLED, JSON.stringify([...enrolledTokens(), token]));
}

/** The credential id that was used last, or null. */
export function lastUsed() {
  return localStorage.getItem(LAST);
}

/** @param {string} credentialId */
export function rememberUsed(credentialId) {
  localStorage.setItem(LAST, credentialId);
}
