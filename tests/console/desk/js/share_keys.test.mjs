/** Share keys and sealing: the same bytes as in Python (tests/vectors/sealing.json), and nothing else opens. */
import assert from "node:assert/strict";
import test from "node:test";
import { desk, refused, vectors } from "./desk.mjs";

const { fromHex, hex } = await desk("canonical.js");
const { keyPairFrom, open, seal } = await desk("share_keys.js");
const { CipherSuite, DhkemX25519HkdfSha256, HkdfSha256, Aes256Gcm } = await desk("vendor/hpke.js");

const { sealed, derived } = vectors("sealing.json");
const suite = new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() });

async function pairOf(privateKey) {
  const key = fromHex(privateKey);
  return { privateKey: await suite.kem.deserializePrivateKey(key.buffer) };
}

for (const one of sealed) {
  test(`a box that Python sealed opens: ${one.name}`, async () => {
    const pair = await pairOf(one.private_key);
    assert.equal(hex(await open(fromHex(one.sealed), pair, one.context)), one.plain);
  });

  test(`it opens in no other context, and not altered: ${one.name}`, async () => {
    const pair = await pairOf(one.private_key);
    await refused(() => open(fromHex(one.sealed), pair, { ...one.context, more: 1 }), "cannot-open");
    const altered = fromHex(one.sealed);
    altered[altered.length - 1] ^= 1;
    await refused(() => open(altered, pair, one.context), "cannot-open");
    await refused(() => open(new Uint8Array(), pair, one.context), "cannot-open");
  });
}

for (const one of derived) {
  test(`a secret gives the key that it always gives: ${one.name}`, async () => {
    const { publicKey, pair } = await keyPairFrom(fromHex(one.secret), one.credential_id);
    assert.equal(hex(publicKey), one.public_key);
    const plain = Uint8Array.of(1, 2, 3);
    assert.deepEqual(await open(await seal(plain, publicKey, { a: 1 }), pair, { a: 1 }), plain);
  });
}

test("another credential or another secret gives another key", async () => {
  const keys = await Promise.all([
    keyPairFrom(new Uint8Array(32), "AA"), keyPairFrom(new Uint8Array(32), "AQ"),
    keyPairFrom(new Uint8Array(32).fill(1), "AA"),
  ]);
  assert.equal(new Set(keys.map(({ publicKey }) => hex(publicKey))).size, 3);
});
