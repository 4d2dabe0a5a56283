/**
 * The two requests of the desk: fetch what is to be signed, hand in what was signed (docs/formats/desk.md).
 * The console's address is built in. Nothing here follows an address that a page or an answer gives.
 */
import { CONFIG } from "./built/config.js";
import { fromB64u } from "./canonical.js";
import { Refused } from "./refusal.js";
import * as is from "./shapes.js";

const MAX_ANSWER = 8388608;
const SECRET_BYTES = 32;
const CODES = new Set([
  "malformed", "other-origin", "ticket-unknown", "ticket-used", "ticket-expired", "too-many", "unavailable",
]);

const secret = is.bytes(43, 43);
const links = is.list(is.bytes(1400000), 1, 1000);
const ceremony = is.object({
  question: is.bytes(),
  warrant: is.bytes(),
  enrolment: is.bytes(),
  charters: is.object({ provider: links, zone: links }),
  box: is.bytes(4000),
});
const orderShape = is.object({
  purpose: is.matching(/^quorate\/[a-z-]{1,30}\/v1$/),
  document: is.bytes(),
  attached: is.list(is.bytes(700000), 0, 16),
  credentials: is.list(is.bytes(1364), 0, 64),
  person: is.nullable(is.named),
  ceremony: is.nullable(ceremony),
});
const codeShape = is.object({ code: secret });

/**
 * The ticket in the fragment of the page's address, which is taken out of the address; null if there is none.
 * @param {Location} location
 * @param {History} history
 */
export function takeTicket(location, history) {
  const ticket = location.hash.slice(1);
  if (!ticket) return null;
  history.replaceState(null, "", location.pathname);
  try {
    if (fromB64u(ticket).length === SECRET_BYTES) return ticket;
  } catch {
    // Falls through to the refusal.
  }
  throw new Refused("bad-ticket");
}

/**
 * What the ticket is for. @param {string} ticket
 * @returns {Promise<{purpose: string, document: string, attached: string[], credentials: string[], person: any,
 *   ceremony: any}>}
 */
export function fetchOrder(ticket) {
  return post("/desk/ticket", { ticket }, orderShape);
}

/**
 * Hands in what was signed. @param {string} ticket @param {object} answer
 * @returns {Promise<string>} the code to go back with
 */
export async function handIn(ticket, answer) {
  return (await post("/desk/answer", { ticket, ...answer }, codeShape)).code;
}

/** Where the browser goes afterwards. @param {string} [code] */
export function returnAddress(code) {
  return `${CONFIG.console}/desk/return${code ? `?code=${code}` : ""}`;
}

/** @param {string} path @param {object} body @param {is.Shape} shape */
async function post(path, body, shape) {
  let response, text;
  try {
    response = await fetch(CONFIG.console + path, {
      method: "POST",
      mode: "cors",
      credentials: "omit",
      redirect: "error",
      cache: "no-store",
      referrerPolicy: "no-referrer",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    text = await readText(response);
  } catch (problem) {
    throw problem instanceof Refused ? problem : new Refused("unreachable");
  }
  const answer = parse(text);
  if (!response.ok) throw new Refused(CODES.has(answer?.code) ? answer.code : "unavailable");
  try {
    shape(answer, "");
  } catch (problem) {
    throw new Refused("bad-answer", problem.detail);
  }
  return answer;
}

/** @param {Response} response */
async function readText(response) {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of chunks(response)) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > MAX_ANSWER) throw new Refused("bad-answer");
  }
  return text;
}

/** @param {Response} response */
async function* chunks(response) {
  const reader = response.body?.getReader();
  while (reader) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

/** @param {string} text */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
