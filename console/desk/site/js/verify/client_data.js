/** What the browser says it had signed (WebAuthn Level 3 section 5.8.1), in JSON that has one reading only. */
import { b64u } from "../canonical.js";
import { Refused } from "../refusal.js";

const DEEPEST = 16;
const TOKENS = /"(?:[^"\\]|\\.)*"|[{}[\]:]/g;
const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * @param {Uint8Array} bytes
 * @param {{challenge: Uint8Array, origin: string}} wanted
 * @throws {Refused} unless an assertion was asked for over this challenge at this origin, in no other page
 */
export function checkClientData(bytes, { challenge, origin }) {
  const client = read(bytes);
  if (client.get("type") !== "webauthn.get") throw new Refused("wrong-type");
  if (client.get("challenge") !== b64u(challenge)) throw new Refused("other-challenge");
  if (client.get("origin") !== origin) throw new Refused("other-origin");
  const embedded = client.has("crossOrigin") && client.get("crossOrigin") !== false;
  if (embedded || client.has("topOrigin")) throw new Refused("cross-origin");
}

/** @param {Uint8Array} bytes @returns {Map<string, any>} */
function read(bytes) {
  let text, value;
  try {
    text = strictUtf8.decode(bytes);
    value = JSON.parse(text);
  } catch {
    throw new Refused("bad-client-data");
  }
  if (value === null || typeof value !== "object" || Array.isArray(value)) throw new Refused("bad-client-data");
  checkMembers(text);
  return new Map(Object.entries(value));
}

/** No object of a JSON text may have a member twice, nor lie too deep. @param {string} text that was parsed */
function checkMembers(text) {
  const open = [];
  let last = "";
  for (const [token] of text.matchAll(TOKENS)) {
    if (token === "{" || token === "[") open.push(new Set());
    else if (token === "}" || token === "]") open.pop();
    else if (token === ":") {
      const name = JSON.parse(last);
      if (open.at(-1).has(name)) throw new Refused("duplicate-member");
      open.at(-1).add(name);
    }
    if (open.length > DEEPEST) throw new Refused("bad-client-data");
    last = token;
  }
}
