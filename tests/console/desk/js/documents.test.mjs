/** Documents: the golden bytes are read, and every spoiled copy is refused. */
import assert from "node:assert/strict";
import test from "node:test";
import { desk, refused, vectorBytes, vectors } from "./desk.mjs";

const { decode, encode, fromHex, hex, sha256Hex } = await desk("canonical.js");
const { readDocument } = await desk("documents.js");
const { challenge, pae, Purpose } = await desk("purposes.js");
const { fingerprint } = await desk("words.js");

const golden = vectors("documents.json");
const SIGNED_HERE = {
  "sign-in": "quorate/sign-in/v1",
  enrolment: "quorate/enrolment/v1",
  proposal: "quorate/proposal/v1",
  charter: "quorate/charter/v1",
  "charter-of-a-zone": "quorate/charter/v1",
};

for (const [name, wanted] of Object.entries(golden)) {
  test(`${name}: hash, words and challenges are those of Python`, async () => {
    const bytes = new Uint8Array(vectorBytes(`documents/${name}.json`));
    assert.equal(await sha256Hex(bytes), wanted.sha256);
    assert.equal(fingerprint(wanted.sha256).join(" "), wanted.words);
    for (const purpose of Object.values(Purpose)) {
      assert.equal(hex(await challenge(purpose, bytes)), wanted.challenges[purpose]);
    }
  });
}

test("PAE has the lengths of the purpose and of the bytes (DSSE)", () => {
  const encoded = new TextDecoder().decode(pae(Purpose.SIGN_IN, new TextEncoder().encode("hü")));
  assert.equal(encoded, "DSSEv1 18 quorate/sign-in/v1 3 hü");
});

test("words come from the first 88 bits", () => {
  assert.deepEqual(fingerprint("0".repeat(64)), Array(8).fill("abandon"));
  assert.deepEqual(fingerprint("f".repeat(22) + "0".repeat(42)), Array(8).fill("zoo"));
  assert.equal(fingerprint(hex(fromHex("0".repeat(64)))).length, 8);
});

/** Every object inside a value, with the path to it. */
function* objects(value, path = []) {
  if (value === null || typeof value !== "object") return;
  if (!Array.isArray(value)) yield path;
  for (const key of Object.keys(value)) yield* objects(value[key], [...path, key]);
}

const at = (value, path) => path.reduce((inner, key) => inner[key], value);

for (const [name, type] of Object.entries(SIGNED_HERE)) {
  const bytes = new Uint8Array(vectorBytes(`documents/${name}.json`));
  const fresh = () => decode(bytes);
  const read = (value) => readDocument(type, encode(value));
  const isParameter = (path) => path[0] === "parameters" && path.length >= 1;

  test(`${name} is read`, () => assert.equal(readDocument(type, bytes).type, type));

  test(`${name} is not taken for another type`, async () => {
    for (const other of Object.values(SIGNED_HERE)) {
      if (other !== type) await refused(() => readDocument(other, bytes), "other-document");
    }
  });

  test(`${name} with an unknown member anywhere is refused`, async () => {
    for (const path of objects(fresh())) {
      if (isParameter(path)) continue;
      const spoiled = fresh();
      at(spoiled, path).colour = "red";
      await refused(() => read(spoiled), "unknown-field");
    }
  });

  test(`${name} without one of its members is refused`, async () => {
    for (const path of objects(fresh())) {
      if (isParameter(path)) continue;
      for (const member of Object.keys(at(fresh(), path))) {
        const spoiled = fresh();
        delete at(spoiled, path)[member];
        await refused(() => read(spoiled));
      }
    }
  });

  test(`${name} with a member of a wrong type is refused`, async () => {
    for (const path of objects(fresh())) {
      if (isParameter(path)) continue;
      for (const [member, value] of Object.entries(at(fresh(), path))) {
        for (const wrong of [{}, -1, "\u202e", typeof value === "boolean" ? 1 : true]) {
          if (member === "parameters" && typeof wrong === "object") continue;
          const spoiled = fresh();
          at(spoiled, path)[member] = wrong;
          await refused(() => read(spoiled));
        }
      }
    }
  });
}

for (const [what, text] of [
  ["a bidirectional override", "Cards\u202eevil"],
  ["an invisible letter", "Ca\u200brds"],
  ["a control character", "Ca\u0007rds"],
  ["letters that are not composed", "Ze\u0301ro"],
  ["two spaces", "Cards  2"],
  ["a trailing space", "Cards "],
  ["a line separator", "Cards\u2028"],
  ["nothing", ""],
  ["81 letters", "x".repeat(81)],
  ["a filler that shows nothing", "Ze\u3164ro"],
  ["an empty braille pattern", "Ze\u2800ro"],
  ["a variation selector", "Zero\ufe0f"],
  ["a joiner of graphemes", "Ze\u034fro"],
  ["a no-break space", "Ze\u00a0ro"],
  ["an ideographic space", "Ze\u3000ro"],
]) {
  test(`a name with ${what} is refused`, async () => {
    const proposal = decode(new Uint8Array(vectorBytes("documents/proposal.json")));
    proposal.requester.name = text;
    await refused(() => readDocument("quorate/proposal/v1", encode(proposal)));
  });
}
