/** Whatever speaks against a release is told in words of its own. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { desk, vectors } from "../desk.mjs";

const { REFUSALS } = await desk("texts.js");
const INSIDE = new Set(["assertions.js", "authenticator_data.js", "client_data.js"]);
const UNEXPECTED = "unexpected";

test("every code with which a release is refused in the cases has words", () => {
  const codes = vectors("verifier/release.json").cases.map(({ expected }) => expected.desk).filter(Boolean);
  assert.ok(new Set(codes).size > 20);
  assert.deepEqual([...new Set(codes)].filter((code) => !Object.hasOwn(REFUSALS, code)), []);
});

test("every code that the verifier throws has words, but for those of single assertions", () => {
  const folder = join(process.env.QUORATE_DESK_DIR, "js", "verify");
  for (const name of readdirSync(folder).filter((one) => !INSIDE.has(one))) {
    const source = readFileSync(join(folder, name), "utf8");
    for (const [, code] of source.matchAll(/new Refused\("([a-z-]+)"/g)) {
      assert.ok(Object.hasOwn(REFUSALS, code) || code === UNEXPECTED || code === "bad-key", `${name}: ${code}`);
    }
  }
});
