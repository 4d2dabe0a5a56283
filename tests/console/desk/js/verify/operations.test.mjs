/** The desk's own catalogue decides what an operation takes; whatever it does not say is a refusal. */
import assert from "node:assert/strict";
import test from "node:test";
import { desk, refused, vectors } from "../desk.mjs";
import { casesOf } from "./judge.js";

const { CATALOGUE } = await desk("built/catalogue.js");
const { verifyRelease } = await desk("verify/release.js");
const DRILL = "backup-key.drill/v1";
const good = (await casesOf(vectors("verifier/release.json"), desk)).find(({ name }) => name === "a drill, as it should be");

/** A release by a catalogue in which the drill is another. */
function releaseBy(change) {
  const operations = structuredClone(CATALOGUE.operations);
  change(operations[DRILL], operations);
  return verifyRelease({ ...good.given, operations });
}

test("a release by the catalogue that is built in", async () => {
  const release = await verifyRelease(good.given);
  assert.equal(release.operation.tag, DRILL);
  assert.deepEqual(release.counted.map(({ person }) => person.name).sort(), ["Emil", "Fay"]);
  assert.deepEqual(release.admitted.map(({ person }) => person.name).sort(), ["Ada", "Ben"]);
  assert.deepEqual([release.node.name, release.node.dataCentre.name, release.node.words.length], ["ams-1", "Amsterdam", 8]);
  assert.deepEqual([release.charters.provider.version, release.charters.zone.name], [1, "Payments"]);
  assert.equal(JSON.stringify(release).includes("value"), false, "the share itself is not among what is shown");
});

for (const [what, change, code] of [
  ["does not know it", (_, operations) => delete operations[DRILL], "unknown-operation"],
  ["knows it as one that gathers nothing", (one) => Object.assign(one, { gathers: false }), "gathers-nothing"],
  ["does not say whether it gathers", (one) => delete one.gathers, "gathers-nothing"],
  ["says that it gathers in another way", (one) => Object.assign(one, { gathers: "true" }), "gathers-nothing"],
  ["asks the provider too", (one) => one.consent.kinds.push("provider"), "wrong-authorities"],
  ["asks the customer too", (one) => one.consent.kinds.push("customer"), "no-anchor"],
  ["asks somebody it does not know", (one) => one.consent.kinds.push("king"), "no-anchor"],
  ["asks nobody", (one) => Object.assign(one.consent, { kinds: [] }), "no-consent"],
  ["has no floor", (one) => delete one.consent.floor, "no-consent"],
  ["has a floor of none", (one) => Object.assign(one.consent, { floor: 0 }), "no-consent"],
  ["has a higher floor", (one) => Object.assign(one.consent, { floor: 3 }), "below-floor"],
  ["does not say where the zone is named", (one) => Object.assign(one.consent, { parties: {} }), "other-party"],
  ["has it on two nodes", (one) => Object.assign(one, { nodes: 2 }), "other-nodes"],
  ["has it on no node", (one) => Object.assign(one, { nodes: 0, most_nodes: 0 }), "other-nodes"],
  ["has a field more", (one) => one.fields.push({ name: "more", label: "More", kind: "integer" }), "missing-field"],
  ["has a field less", (one) => one.fields.pop(), "unknown-field"],
  ["does not know enrolments", (_, operations) => delete operations["node.enrol/v1"], "unknown-operation"],
  ["has no floor for amendments", (_, operations) => delete operations["charter.amend/v1"], "unexpected"],
  ["is not there", (_, operations) => Object.keys(operations).forEach((tag) => delete operations[tag]), "unexpected"],
]) {
  test(`nothing is released by a catalogue that ${what}`, () => refused(() => releaseBy(change), code));
}

test("a floor of one is enough where the charter asks for more", async () => {
  const release = await releaseBy((one) => Object.assign(one.consent, { floor: 1 }));
  assert.equal(release.counted.length, 2);
});

test("what is missing or of another kind is a refusal, whatever it is", async () => {
  for (const name of ["share", "charters", "warrant", "enrolment", "ceremony", "now"]) {
    for (const odd of [undefined, null, 7, "x", {}, [], new Uint8Array(3)]) {
      await refused(() => verifyRelease({ ...good.given, [name]: odd }));
    }
  }
  for (const nothing of [undefined, null, {}, 7]) await refused(() => verifyRelease(nothing), "unexpected");
});
