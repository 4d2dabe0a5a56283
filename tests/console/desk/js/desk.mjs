/** What the tests share: the built desk's modules, and the vectors that Python is held to as well. */
import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

// Every browser has it; Node does without a flag from version 19 on, and Debian 12 has 18.
globalThis.crypto ??= webcrypto;

/** A module of the desk that the test run has built. @param {string} name */
export const desk = (name) => import(pathToFileURL(join(process.env.QUORATE_DESK_DIR, "js", name)));

/** @param {string} name */
export const vectors = (name) => JSON.parse(vectorBytes(name).toString("utf8"));

/** @param {string} name */
export const vectorBytes = (name) => readFileSync(new URL(`../../../vectors/${name}`, import.meta.url));

/** Something is refused, for this reason. @param {() => any} act @param {string} [code] */
export async function refused(act, code) {
  await assert.rejects(async () => act(), (problem) => {
    assert.equal(problem.name, "Refused", String(problem.stack));
    if (code !== undefined) assert.equal(problem.code, code);
    return true;
  });
}
