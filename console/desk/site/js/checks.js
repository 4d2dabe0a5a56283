/** Whether a document belongs on this desk now: its deployment, desk, console and time. */
import { CONFIG } from "./built/config.js";
import { Refused } from "./refusal.js";

/** Clocks of browsers and consoles may differ by so much, in seconds. */
export const CLOCK_TOLERANCE = 120;
const SIGN_IN_AHEAD = 600;

/** Seconds since 1970. */
export function now() {
  return Math.floor(Date.now() / 1000);
}

/**
 * @param {any} document one of any type
 * @throws {Refused} for another deployment, or a demo's document at a desk that is not a demo's
 */
export function checkDeployment(document) {
  if (document.deployment !== CONFIG.deployment) throw new Refused("other-deployment", document.deployment);
  if (document.demo === true && !CONFIG.demo) throw new Refused("demo-document");
}

/**
 * @param {any} document a sign-in, an enrolment or a charter
 * @throws {Refused} if it is to be signed at another desk
 */
export function checkDesk(document) {
  const { origin, rp_id } = document.desk;
  if (origin !== CONFIG.origin || rp_id !== CONFIG.rp_id) throw new Refused("other-desk", origin);
}

/** @param {any} signIn @throws {Refused} if it is for another console, or not for now */
export function checkSignIn(signIn) {
  if (signIn.console !== CONFIG.console) throw new Refused("other-console", signIn.console);
  if (signIn.at > now() + SIGN_IN_AHEAD) throw new Refused("not-yet");
  checkExpiry(signIn.expires_at, CLOCK_TOLERANCE);
}

/**
 * @param {number} expiresAt seconds since 1970
 * @param {number} [tolerance] seconds
 * @throws {Refused} when it has passed
 */
export function checkExpiry(expiresAt, tolerance = 0) {
  if (now() >= expiresAt + tolerance) throw new Refused("expired");
}

/**
 * @param {Location} location
 * @param {Window} window
 * @throws {Refused} if this page is not at the address it was built for, or inside another page
 */
export function checkPlace(location, window) {
  if (location.origin !== CONFIG.origin) throw new Refused("other-address", location.origin);
  if (window.top !== window.self) throw new Refused("framed");
  if (!window.isSecureContext || !window.PublicKeyCredential) throw new Refused("no-webauthn");
}
