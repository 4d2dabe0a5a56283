/** A share key in a file: its private key under a passphrase, and beside it, authenticated, whose it is. */
import { b64u, decode, encode, fromB64u, sameBytes, sha256Hex } from "./canonical.js";
import { Refused } from "./refusal.js";
import { pairFor } from "./share_keys.js";
import * as is from "./shapes.js";

const ITERATIONS = 1000000;
const LONGEST = 8192;
const utf8 = new TextEncoder();

const shape = is.object({
  type: is.oneOf("quorate/share-key-file/v1"),
  deployment: is.id,
  demo: is.boolean,
  person: is.named,
  organisation: is.named,
  credential_id: is.bytes(1364, 22),
  label: is.name,
  public_key: is.bytes(43, 43),
  at: is.time,
  kdf: is.oneOf("PBKDF2-HMAC-SHA-256"),
  iterations: is.oneOf(ITERATIONS),
  salt: is.bytes(22, 22),
  cipher: is.oneOf("AES-256-GCM"),
  nonce: is.bytes(16, 16),
  sealed: is.bytes(64, 64),
  sha256: is.hash,
});

/** What a file says of its share key that the certificate says too, in the order in which it is compared. */
const FACTS = ["deployment", "demo", "person", "credential_id", "public_key"];

/**
 * The bytes of a file.
 * @param {{request: any, publicKey: Uint8Array, at: number}} about the share key request it is made for
 * @param {Uint8Array} privateKey
 * @param {string} passphrase
 * @returns {Promise<Uint8Array>}
 */
export async function sealFile({ request, publicKey, at }, privateKey, passphrase) {
  const { deployment, demo, person, organisation, credential_id, label } = request;
  const head = {
    type: "quorate/share-key-file/v1",
    deployment, demo, person, organisation, credential_id, label,
    public_key: b64u(publicKey),
    at,
    kdf: "PBKDF2-HMAC-SHA-256",
    iterations: ITERATIONS,
    salt: b64u(crypto.getRandomValues(new Uint8Array(16))),
    cipher: "AES-256-GCM",
    nonce: b64u(crypto.getRandomValues(new Uint8Array(12))),
  };
  const key = await keyFrom(passphrase, head);
  const sealed = b64u(new Uint8Array(await crypto.subtle.encrypt(algorithm(head), key, privateKey)));
  return encode({ ...head, sealed, sha256: await sha256Hex(encode({ ...head, sealed })) });
}

/**
 * The key pair in a file that is for the share key of a statement.
 * @param {Uint8Array} bytes
 * @param {any} statement the share key's
 * @param {string} passphrase
 * @returns {Promise<{privateKey: CryptoKey}>}
 * @throws {Refused} saying whether it is no such file, an altered one, another's, or the passphrase is wrong
 */
export async function openFile(bytes, statement, passphrase) {
  const { sha256, ...rest } = read(bytes);
  if ((await sha256Hex(encode(rest))) !== sha256) {
    throw new Refused("file-altered", FACTS.find((name) => differs(rest, statement, name)) ?? "");
  }
  const other = FACTS.find((name) => differs(rest, statement, name));
  if (other === "person") throw new Refused("file-of-another", rest.person.name);
  if (other) throw new Refused("file-of-other-key", rest.label);
  const { sealed, ...head } = rest;
  return pairFor(await unseal(head, fromB64u(sealed), passphrase), statement);
}

/** The members of a file. @throws {Refused} naming the place where it is not one */
function read(bytes) {
  if (!new TextDecoder().decode(bytes.subarray(0, 16)).startsWith('{"at":')) throw new Refused("file-unknown");
  try {
    const value = decode(bytes, LONGEST);
    shape(value, "");
    return value;
  } catch (problem) {
    throw new Refused("file-altered", problem.detail);
  }
}

function differs(one, other, name) {
  return !sameBytes(encode(one[name]), encode(other[name]));
}

async function unseal(head, sealed, passphrase) {
  try {
    return new Uint8Array(await crypto.subtle.decrypt(algorithm(head), await keyFrom(passphrase, head), sealed));
  } catch {
    throw new Refused("wrong-passphrase");
  }
}

/** AES-256-GCM over everything the file says in the open. */
function algorithm(head) {
  return { name: "AES-GCM", iv: fromB64u(head.nonce), additionalData: encode(head), tagLength: 128 };
}

async function keyFrom(passphrase, { salt, iterations }) {
  const typed = utf8.encode(spelt(passphrase));
  const base = await crypto.subtle.importKey("raw", typed, "PBKDF2", false, ["deriveKey"]);
  const kdf = { name: "PBKDF2", hash: "SHA-256", salt: fromB64u(salt), iterations };
  return crypto.subtle.deriveKey(kdf, base, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
}

/** A passphrase in the one spelling that is used: Unicode's form C, one space between words, none at the ends. */
export function spelt(passphrase) {
  return passphrase.normalize("NFC").replace(/ +/g, " ").replace(/^ | $/g, "");
}
