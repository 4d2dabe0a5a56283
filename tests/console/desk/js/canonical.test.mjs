/** Canonical JSON: the same bytes are taken and refused as in Python. */
import assert from "node:assert/strict";
import test from "node:test";
import { desk, refused, vectors } from "./desk.mjs";

const { b64u, decode, encode, fromB64u, fromHex, hex } = await desk("canonical.js");
const { accepted, refused: bad, base64url } = vectors("canonical.json");

for (const { name, bytes } of accepted) {
  test(`${name} is read, and written in the same bytes`, () => {
    assert.deepEqual(encode(decode(fromHex(bytes))), fromHex(bytes));
  });
}

for (const { name, bytes } of bad) {
  test(`${name} is refused`, () => refused(() => decode(fromHex(bytes))));
}

test("base64url has one spelling", async () => {
  for (const text of base64url.accepted) assert.equal(b64u(fromB64u(text)), text);
  for (const text of base64url.refused) await refused(() => fromB64u(text), "not-base64url");
});

test("a document longer than the limit is refused before it is read", () =>
  refused(() => decode(new Uint8Array(262145).fill(0x20)), "too-long"));

test("hexadecimal goes both ways", () => assert.equal(hex(fromHex("00ff10")), "00ff10"));

for (const value of [1.5, NaN, Infinity, 2 ** 53, undefined, () => 1, 1n, Symbol("s")]) {
  test(`${String(value)} cannot be written`, () => refused(() => encode({ value })));
}
