/** A simulated security token: ES256 by WebCrypto, in the formats of WebAuthn Level 3 section 6. */
import { CONFIG } from "../built/config.js";
import { b64u, fromB64u, sha256 } from "../canonical.js";
import { challenge, Purpose } from "../purposes.js";
import { keepToken } from "./people.js";

const PRESENT_AND_VERIFIED = 0x05;
const ATTESTED_CREDENTIAL = 0x40;
const CURVE = { name: "ECDSA", namedCurve: "P-256" };
const PREFIX = "quorate-simulator:";

const utf8 = new TextEncoder();

/**
 * @param {import("./people.js").SimulatedToken} token
 * @param {string} purpose
 * @param {Uint8Array} bytes
 * @returns {Promise<import("../webauthn.js").Assertion>}
 */
export async function signWith(token, purpose, bytes) {
  const key = await crypto.subtle.importKey("pkcs8", fromB64u(token.private_key), CURVE, false, ["sign"]);
  const authenticatorData = await makeAuthenticatorData(PRESENT_AND_VERIFIED);
  const client = clientData("webauthn.get", await challenge(purpose, bytes));
  const signed = concat(authenticatorData, await sha256(client));
  const signature = new Uint8Array(await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, key, signed));
  return {
    credential_id: token.credential_id,
    authenticator_data: b64u(authenticatorData),
    client_data: b64u(client),
    signature: b64u(toDer(signature)),
  };
}

/**
 * What the token computes over a salt (the PRF extension): as much anybody's as its key.
 * @param {import("./people.js").SimulatedToken} token
 * @param {Uint8Array} salt
 */
export async function secretOf(token, salt) {
  const mac = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", fromB64u(token.private_key), mac, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, salt));
}

/**
 * Makes a simulated token for the person of an enrolment and keeps it in this browser.
 * @param {any} enrolment
 * @param {Uint8Array} bytes those of the enrolment
 */
export async function enrolNew(enrolment, bytes) {
  const pair = await crypto.subtle.generateKey(CURVE, true, ["sign"]);
  const point = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  const credentialId = concat(utf8.encode(PREFIX), crypto.getRandomValues(new Uint8Array(16)));
  const credential = concat(new Uint8Array(16), size(credentialId.length, 2), credentialId, coseKey(point));
  const data = await makeAuthenticatorData(PRESENT_AND_VERIFIED | ATTESTED_CREDENTIAL, credential);
  keepToken({
    credential_id: b64u(credentialId),
    label: enrolment.label,
    private_key: b64u(new Uint8Array(await crypto.subtle.exportKey("pkcs8", pair.privateKey))),
    person: enrolment.person.id,
    name: enrolment.person.name,
    organisation: enrolment.organisation.name,
    title: "enrolled in this browser",
  });
  return {
    registration: {
      credential_id: b64u(credentialId),
      client_data: b64u(clientData("webauthn.create", await challenge(Purpose.ENROL, bytes))),
      attestation_object: b64u(attestationObject(data)),
      transports: ["internal"],
    },
    publicKey: point,
  };
}

function clientData(type, wanted) {
  return utf8.encode(
    JSON.stringify({ type, challenge: b64u(wanted), origin: CONFIG.origin, crossOrigin: false }),
  );
}

/** rpIdHash, flags, a counter that stays 0, attested credential data (section 6.1). */
async function makeAuthenticatorData(flags, credential = new Uint8Array()) {
  return concat(await sha256(utf8.encode(CONFIG.rp_id)), Uint8Array.of(flags), new Uint8Array(4), credential);
}

/** The COSE key of a point: {1: 2, 3: -7, -1: 1, -2: x, -3: y} in CBOR. @param {Uint8Array} point */
function coseKey(point) {
  const [x, y] = [point.subarray(1, 33), point.subarray(33, 65)];
  const head = Uint8Array.of(0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20);
  return concat(head, x, Uint8Array.of(0x22, 0x58, 0x20), y);
}

/** {"fmt": "none", "attStmt": {}, "authData": data} in CBOR (section 8.7). @param {Uint8Array} data */
function attestationObject(data) {
  return concat(
    Uint8Array.of(0xa3), cborText("fmt"), cborText("none"),
    cborText("attStmt"), Uint8Array.of(0xa0),
    cborText("authData"), Uint8Array.of(0x59), size(data.length, 2), data,
  );
}

function cborText(text) {
  return concat(Uint8Array.of(0x60 + text.length), utf8.encode(text));
}

/** An ECDSA signature r ‖ s as DER, which WebAuthn has (section 6.5.5). @param {Uint8Array} raw */
function toDer(raw) {
  const body = concat(derInteger(raw.subarray(0, 32)), derInteger(raw.subarray(32)));
  return concat(Uint8Array.of(0x30, body.length), body);
}

function derInteger(bytes) {
  const start = bytes.findIndex((byte) => byte !== 0);
  const digits = bytes.subarray(start);
  const padding = digits[0] & 0x80 ? Uint8Array.of(0) : new Uint8Array();
  return concat(Uint8Array.of(0x02, digits.length + padding.length), padding, digits);
}

function size(number, bytes) {
  return Uint8Array.from({ length: bytes }, (_, place) => (number >> (8 * (bytes - 1 - place))) & 0xff);
}

function concat(...parts) {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  parts.reduce((at, part) => (whole.set(part, at), at + part.length), 0);
  return whole;
}
