/** The desk from the ticket to the way back. */
import { CONFIG } from "./built/config.js";
import { b64u, sha256Hex } from "./canonical.js";
import { checkExpiry, checkPlace } from "./checks.js";
import { contribute } from "./contribution.js";
import { h } from "./dom.js";
import { prepare } from "./flows.js";
import { origin } from "./parts.js";
import { Purpose } from "./purposes.js";
import { NotReleased, Refused } from "./refusal.js";
import { showDone, showFetching, showIdle, showNotHandedIn, showNotReleased, showRefused, showWords } from "./screens.js";
import { makeShareKey } from "./share_key_making.js";
import { laySheet } from "./sheet.js";
import { fetchOrder, handIn, returnAddress, takeTicket } from "./tickets.js";
import * as realTokens from "./webauthn.js";
import { fingerprint } from "./words.js";

const PAUSE = 900;

/** Only a demo's desk has a simulator. */
const simulator = CONFIG.demo ? await import("./simulator/choice.js") : null;

/** Everything from the ticket to a sheet on the desk, or to a refusal. */
async function begin() {
  try {
    checkPlace(window.location, window);
    const ticket = takeTicket(window.location, window.history);
    if (ticket === null) return showIdle();
    showFetching();
    const work = await prepare(await fetchOrder(ticket));
    const laid = laySheet(work, (reason) => sign(ticket, work, laid, reason));
  } catch (problem) {
    refuse(problem);
  }
}

/** One press of the button: the token signs what is on the screen, and it is handed in. */
async function sign(ticket, work, laid, reason) {
  let signed;
  try {
    if (work.expiresAt !== null) checkExpiry(work.expiresAt);
    const bytes = work.toSign(reason);
    const tokens = await chooseTokens(work);
    if (tokens === null) return;
    laid.busy("Touch your security token, and give its PIN or your finger if it asks.");
    signed = await useToken(tokens, work, bytes, laid.busy);
  } catch (problem) {
    if (!(problem instanceof Refused)) return refuse(problem);
    if (problem instanceof NotReleased) return refuse(problem);
    return laid.problem(problem.code === "unreadable-text" && reason ? "bad-reason" : problem.code);
  }
  await deliver(ticket, work, signed);
}

/** The tokens to sign with: real ones, or in a demo one of the simulator's; null if nobody was chosen. */
function chooseTokens(work) {
  return simulator !== null && work.simulatorAllowed ? simulator.choose(work, realTokens) : realTokens;
}

/** @returns {Promise<{answer: object, publicKey?: Uint8Array}>} what is handed in */
async function useToken(tokens, work, bytes, say) {
  if (work.purpose === Purpose.CONTRIBUTE) return contribute(tokens, work, bytes, say);
  if (work.purpose === Purpose.SHARE_KEY) return makeShareKey(tokens, work.document, say);
  if (work.purpose === Purpose.ENROL) {
    const { registration, publicKey } = await tokens.enrol(work.document, bytes, work.credentials);
    return { answer: { registration }, publicKey };
  }
  const assertion = await tokens.sign(work.purpose, bytes, work.credentials);
  const isStatement = work.purpose === Purpose.REJECT || work.purpose === Purpose.CANCEL;
  return { answer: isStatement ? { statement: b64u(bytes), assertion } : { assertion } };
}

/** Hands in what was signed and goes back. */
async function deliver(ticket, work, signed) {
  try {
    const address = returnAddress(await handIn(ticket, signed.answer));
    if (signed.publicKey) {
      const hash = await sha256Hex(signed.publicKey);
      const what = work.purpose === Purpose.ENROL ? "token" : "share key";
      return showWords({ what, words: fingerprint(hash), hash, person: work.document.person.name, address });
    }
    showDone(work.sheet.done);
    setTimeout(() => window.location.assign(address), PAUSE);
  } catch (problem) {
    if (!(problem instanceof Refused)) return refuse(problem);
    showNotHandedIn(problem.code, () => deliver(ticket, work, signed));
  }
}

/** @param {unknown} problem */
function refuse(problem) {
  if (problem instanceof NotReleased) return showNotReleased(problem.code, problem.detail);
  if (problem instanceof Refused) return showRefused(problem.code, problem.detail);
  console.error(problem);
  showRefused("unexpected", "");
}

document.getElementById("place").append(origin());
if (CONFIG.demo) {
  document.body.classList.add("demo");
  document.getElementById("band").append(
    h("strong", {}, "Simulated tokens – demo."),
    " Anyone can sign for anyone here. Nothing outside this demo accepts it.",
  );
}
// Another ticket in the address of an open desk begins anew.
window.addEventListener("hashchange", () => window.location.reload());
await begin();
