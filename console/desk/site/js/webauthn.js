/**
 * Speaks to security tokens. The challenge is always made here, from the bytes that are on the screen; the
 * extension results, which can hold secrets, never leave this module.
 */
import { CONFIG } from "./built/config.js";
import { b64u, fromB64u, fromHex } from "./canonical.js";
import { isSimulated } from "./charter.js";
import { challenge, Purpose } from "./purposes.js";
import { Refused } from "./refusal.js";
import { SALT } from "./share_keys.js";

const TIMEOUT = 180000;
const ALGORITHMS = [-7, -8];
const SECRET_BYTES = 32;
const P256_SPKI = 91;
const ED25519_SPKI = 44;

/**
 * What a token and the browser gave for an assertion, each part in base64url.
 * @typedef {{credential_id: string, authenticator_data: string, client_data: string, signature: string}} Assertion
 */

/**
 * Has a token sign the bytes for a purpose.
 * @param {string} purpose
 * @param {Uint8Array} bytes
 * @param {string[]} credentials ids that may be asked for; none: any of this desk
 * @returns {Promise<Assertion>}
 */
export async function sign(purpose, bytes, credentials) {
  const real = credentials.filter((id) => !isSimulated(id));
  return (await assert(await challenge(purpose, bytes), real)).assertion;
}

/**
 * The secret that a token computes over this desk's salt. What it signs for that goes nowhere.
 * @param {string} credential its id
 * @returns {Promise<Uint8Array>} 32 bytes
 */
export async function derive(credential) {
  return (await assert(crypto.getRandomValues(new Uint8Array(32)), [credential], SALT)).secret;
}

/**
 * Has one token sign, and compute the secret with the same touch.
 * @param {string} purpose
 * @param {Uint8Array} bytes
 * @param {string} credential its id
 * @returns {Promise<{assertion: Assertion, secret: Uint8Array}>}
 */
export async function signAndDerive(purpose, bytes, credential) {
  return assert(await challenge(purpose, bytes), [credential], SALT);
}

/**
 * One touch: an assertion over a challenge and, if there is a salt, what the token computes over it.
 * @param {Uint8Array} wanted the challenge
 * @param {string[]} credentials
 * @param {Uint8Array} [salt]
 */
async function assert(wanted, credentials, salt) {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON({
    challenge: b64u(wanted),
    rpId: CONFIG.rp_id,
    userVerification: "required",
    timeout: TIMEOUT,
    allowCredentials: credentials.map((id) => ({ type: "public-key", id })),
  });
  if (salt !== undefined) publicKey.extensions = { prf: { eval: { first: salt } } };
  const { id, response, secret } = await ask(() => navigator.credentials.get({ publicKey }));
  checkClientData(response.clientDataJSON, "webauthn.get", b64u(wanted));
  if (salt !== undefined && secret?.length !== SECRET_BYTES) throw new Refused("token-without-prf");
  return {
    secret,
    assertion: {
      credential_id: id,
      authenticator_data: response.authenticatorData,
      client_data: response.clientDataJSON,
      signature: response.signature,
    },
  };
}

/**
 * Makes a credential on a token for the person an enrolment names.
 * @param {any} enrolment
 * @param {Uint8Array} bytes those of the enrolment
 * @param {string[]} credentials ids of those the person has already
 * @returns {Promise<{registration: object, publicKey: Uint8Array}>} with the key as a charter holds it
 */
export async function enrol(enrolment, bytes, credentials) {
  const wanted = b64u(await challenge(Purpose.ENROL, bytes));
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON({
    challenge: wanted,
    rp: { id: CONFIG.rp_id, name: `Quorate desk ${CONFIG.rp_id}` },
    user: {
      id: b64u(fromHex(enrolment.person.id + enrolment.nonce)),
      name: `${enrolment.person.name}, ${enrolment.organisation.name}`,
      displayName: enrolment.person.name,
    },
    pubKeyCredParams: ALGORITHMS.map((alg) => ({ type: "public-key", alg })),
    authenticatorSelection: { residentKey: "required", requireResidentKey: true, userVerification: "required" },
    attestation: "direct",
    timeout: TIMEOUT,
    excludeCredentials: credentials.map((id) => ({ type: "public-key", id })),
  });
  // A token can compute a share key later only if it is told so now.
  publicKey.extensions = { prf: {} };
  const { id, response } = await ask(() => navigator.credentials.create({ publicKey }));
  checkClientData(response.clientDataJSON, "webauthn.create", wanted);
  return {
    registration: {
      credential_id: id,
      client_data: response.clientDataJSON,
      attestation_object: response.attestationObject,
      transports: (response.transports ?? []).filter((one) => /^[a-zA-Z0-9-]{1,32}$/.test(one)).slice(0, 8),
    },
    publicKey: rawKey(fromB64u(response.publicKey ?? "")),
  };
}

/**
 * Calls the browser and takes the credential apart. Of what extensions said only the secret goes on, by itself.
 * @param {() => Promise<any>} call
 * @returns {Promise<{id: string, response: any, secret?: Uint8Array}>}
 */
async function ask(call) {
  let credential;
  try {
    credential = await call();
  } catch (problem) {
    throw new Refused(TOKEN_PROBLEMS[problem?.name] ?? "token-failed");
  }
  const { id, response } = credential.toJSON();
  const computed = credential.getClientExtensionResults().prf?.results?.first;
  return { id, response, secret: computed && new Uint8Array(computed) };
}

const TOKEN_PROBLEMS = {
  NotAllowedError: "token-declined",
  AbortError: "token-declined",
  InvalidStateError: "token-known",
  SecurityError: "token-elsewhere",
  NotSupportedError: "token-unfit",
  ConstraintError: "token-unfit",
};

/** What the browser had signed must be what this desk asked for. */
function checkClientData(encoded, type, wanted) {
  const client = JSON.parse(new TextDecoder().decode(fromB64u(encoded)));
  if (client.type !== type || client.challenge !== wanted || client.origin !== CONFIG.origin) {
    throw new Refused("token-failed");
  }
}

/** The key as charters hold it: the point of P-256, or the 32 bytes of Ed25519. @param {Uint8Array} spki */
function rawKey(spki) {
  if (spki.length === P256_SPKI) return spki.subarray(P256_SPKI - 65);
  if (spki.length === ED25519_SPKI) return spki.subarray(ED25519_SPKI - 32);
  throw new Refused("token-unfit");
}
