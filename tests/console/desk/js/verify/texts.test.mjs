/** Whatever the verifier has against a release is told in words that are about it. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { desk, vectors } from "../desk.mjs";

const { releaseWords } = await desk("release_texts.js");
const OTHERWISE = releaseWords("there is no such code").what;
/** Assertions fail as one of many reasons, which go no further than `not-proved` and its like. */
const INSIDE = new Set(["assertions.js", "authenticator_data.js", "client_data.js", "keys.js"]);
const OF_ANY_DOCUMENT = new Set(["bad-field", "unknown-field", "other-document", "other-deployment"]);

const hasWords = (code) => OF_ANY_DOCUMENT.has(code) || code === "unexpected" || releaseWords(code).what !== OTHERWISE;

test("every code with which a release is refused in the cases has words of its own", () => {
  const codes = new Set(vectors("verifier/release.json").cases.map(({ expected }) => expected.desk).filter(Boolean));
  assert.ok(codes.size > 20);
  assert.deepEqual([...codes].filter((code) => !hasWords(code)), []);
});

test("every code that the verifier throws has words of its own, but for those of single assertions", () => {
  const folder = join(process.env.QUORATE_DESK_DIR, "js", "verify");
  const files = readdirSync(folder).filter((name) => !INSIDE.has(name));
  const thrown = files.flatMap((name) => [...readFileSync(join(folder, name), "utf8").matchAll(/new Refused\("([a-z-]+)"/g)]);
  assert.ok(thrown.length > 40);
  assert.deepEqual(thrown.map(([, code]) => code).filter((code) => !hasWords(code)), []);
});
