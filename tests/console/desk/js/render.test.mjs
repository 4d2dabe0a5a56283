/** Rendering: the same sentence and the same fields as in Python, or a refusal. */
import assert from "node:assert/strict";
import test from "node:test";
import { desk, refused, vectors } from "./desk.mjs";

const { decode, fromB64u } = await desk("canonical.js");
const { readDocument } = await desk("documents.js");
const { asText, renderFields, renderSentence } = await desk("render.js");
const { unusualLetters } = await desk("letters.js");
const { CATALOGUE } = await desk("built/catalogue.js");

const { catalogue, cases, refused: bad } = vectors("rendering.json");

test("the catalogue that is built in is the one of the vectors", () => assert.deepEqual(CATALOGUE, catalogue));

for (const { name, proposal, sentence, fields } of cases) {
  const document = readDocument("quorate/proposal/v1", fromB64u(proposal));

  test(`${name}: the sentence is Python's`, () => assert.equal(asText(renderSentence(document)), sentence));

  test(`${name}: every field is Python's`, async () => {
    const { parameters, envelope } = await renderFields(document);
    const rows = [...parameters, ...envelope].map(({ label, value, detail }) => [label, value, detail]);
    assert.deepEqual(rows, fields);
  });

  test(`${name}: every scalar of the bytes is on the screen`, async () => {
    const { parameters, envelope } = await renderFields(document);
    const shown = new Set([...parameters, ...envelope].map((row) => row.path));
    for (const path of scalars(decode(fromB64u(proposal)))) {
      assert.ok([...shown].some((one) => path === one || path.startsWith(`${one}.`) || path.startsWith(`${one}[`)), path);
    }
  });
}

for (const { name, proposal } of bad) {
  test(`${name} is refused`, () =>
    refused(async () => {
      const document = readDocument("quorate/proposal/v1", fromB64u(proposal));
      renderSentence(document);
      await renderFields(document);
    }));
}

test("a kind of field without a rendering is refused", async () => {
  const document = readDocument("quorate/proposal/v1", fromB64u(cases[0].proposal));
  const tree = CATALOGUE.operations[document.operation].fields[0];
  const kind = tree.kind;
  tree.kind = "hologram";
  await refused(() => renderSentence(document), "cannot-show");
  tree.kind = kind;
});

test("letters of other alphabets are named", () => {
  assert.deepEqual(unusualLetters("Саrds"), [
    { letter: "С", point: "U+0421", script: "Cyrillic" },
    { letter: "а", point: "U+0430", script: "Cyrillic" },
  ]);
  assert.deepEqual(unusualLetters("Zürich – “Łódź” 2027"), []);
});

/** The path of every text, number and truth value, as rows have it. */
function* scalars(value, path = "") {
  if (Array.isArray(value)) {
    for (const [place, item] of value.entries()) yield* scalars(item, `${path}[${place}]`);
  } else if (value !== null && typeof value === "object") {
    for (const [name, item] of Object.entries(value)) yield* scalars(item, path ? `${path}.${name}` : name);
  } else {
    yield path;
  }
}
