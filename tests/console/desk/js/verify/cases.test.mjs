/** The desk's own verifier decides every case as the files say, and as Python does (tests/verifier). */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import test from "node:test";
import { desk, vectors } from "../desk.mjs";
import { casesOf, makeJudge } from "./judge.js";

const judge = await makeJudge(desk);
const files = readdirSync(new URL("../../../../vectors/verifier", import.meta.url));

test("there are files", () => assert.ok(files.length >= 8));

for (const file of files) {
  for (const { kind, name, given, expected } of await casesOf(vectors(`verifier/${file}`), desk)) {
    test(`${kind}: ${name}`, async () => assert.deepEqual(await judge(kind, given), expected));
  }
}
