/** Share keys in files and on sheets: the same bytes as in Python, and every change of one byte is found out. */
import assert from "node:assert/strict";
import test from "node:test";
import { desk, refused, vectors } from "./desk.mjs";

const { b64u, decode, encode, fromHex, hex } = await desk("canonical.js");
const { open, pairFor, pairOf, seal } = await desk("share_keys.js");
const { openFile, sealFile } = await desk("share_key_file.js");
const { codeText, joined, readCode, readLine, wordLines } = await desk("share_key_sheet.js");
const { qrModules } = await desk("qr.js");
const { WORD_LIST } = await desk("built/words.js");

const { files, sheets } = vectors("share_key_forms.json");
const utf8 = new TextEncoder();

/** What the token certifies of the key in a file. */
function statementOf(file, changes = {}) {
  const { deployment, demo, person, credential_id, public_key } = decode(utf8.encode(file));
  return { deployment, demo, person, credential_id, public_key, kept: "file", ...changes };
}

/** The same members, with a check that fits them. */
async function resealed(file, changes) {
  const { sha256, ...rest } = { ...decode(utf8.encode(file)), ...changes };
  const digest = await crypto.subtle.digest("SHA-256", encode(rest));
  return encode({ ...rest, sha256: hex(new Uint8Array(digest)) });
}

for (const one of files) {
  test(`a file that Python wrote opens: ${one.name}`, async () => {
    const pair = await openFile(utf8.encode(one.file), statementOf(one.file), one.passphrase);
    const { publicKey } = await pairOf(fromHex(one.private_key));
    assert.deepEqual(await open(await seal(Uint8Array.of(1), publicKey, {}), pair, {}), Uint8Array.of(1));
  });
}

const [{ file, passphrase, private_key: inFile }] = files;
const bytes = utf8.encode(file);

test("no bit of a file can be flipped, and none is taken for a wrong passphrase", async () => {
  for (let place = 0; place < bytes.length; place += 1) {
    for (let bit = 0; bit < 8; bit += 1) {
      const altered = bytes.slice();
      altered[place] ^= 1 << bit;
      await assert.rejects(
        () => openFile(altered, statementOf(file), passphrase),
        (problem) => problem.code === "file-altered" || (problem.code === "file-unknown" && place < 16),
        `byte ${place}, bit ${bit}`,
      );
    }
  }
});

test("a file that was cut off, lengthened, or is something else is no file", async () => {
  await refused(() => openFile(bytes.slice(0, -1), statementOf(file), passphrase), "file-altered");
  await refused(() => openFile(Uint8Array.of(...bytes, 10), statementOf(file), passphrase), "file-altered");
  for (const other of [new Uint8Array(), utf8.encode("%PDF-1.7"), new Uint8Array(100000)]) {
    await refused(() => openFile(other, statementOf(file), passphrase), "file-unknown");
  }
});

test("an altered file says what was altered, where that can be told", async () => {
  const altered = utf8.encode(file.replace('"name":"Dina"', '"name":"Dino"'));
  await assert.rejects(() => openFile(altered, statementOf(file), passphrase), { code: "file-altered", detail: "person" });
  const eased = utf8.encode(file.replace('"iterations":1000000', '"iterations":1'));
  await assert.rejects(() => openFile(eased, statementOf(file), passphrase), { code: "file-altered", detail: "iterations" });
});

test("a wrong passphrase is said to be wrong, also where the check was made anew", async () => {
  await refused(() => openFile(bytes, statementOf(file), `${passphrase}s`), "wrong-passphrase");
  const forged = await resealed(file, { label: "Red key" });
  await refused(() => openFile(forged, statementOf(file), passphrase), "wrong-passphrase");
});

test("another person's file, or one for another key, is named as such before a passphrase is tried", async () => {
  const emil = { id: "0".repeat(32), name: "Emil" };
  await assert.rejects(
    () => openFile(bytes, statementOf(file, { person: emil }), passphrase), { code: "file-of-another", detail: "Dina" },
  );
  const { public_key } = statementOf(files[1].file);
  await assert.rejects(
    () => openFile(bytes, statementOf(file, { public_key }), passphrase), { code: "file-of-other-key", detail: "Blue key" },
  );
  const relabelled = await resealed(file, { public_key });
  await refused(() => openFile(relabelled, statementOf(file, { public_key }), passphrase), "wrong-passphrase");
});

test("a file that this desk writes opens, and two of one key have nothing secret in common", async () => {
  const privateKey = fromHex(inFile);
  const { publicKey } = await pairOf(privateKey);
  const { type, ...request } = decode(bytes);
  const made = await Promise.all([1, 2].map(() => sealFile({ request, publicKey, at: 1 }, privateKey, passphrase)));
  const [one, other] = made.map((each) => decode(each));
  for (const member of ["salt", "nonce", "sealed"]) assert.notEqual(one[member], other[member]);
  await openFile(made[0], statementOf(file), ` ${passphrase.replaceAll(" ", "  ")} `);
});

for (const one of sheets) {
  const privateKey = fromHex(one.private_key);

  test(`a sheet has the lines, the text and the code that Python has: ${one.name}`, async () => {
    assert.deepEqual((await wordLines(privateKey)).map((words) => words.join(" ")), one.lines);
    assert.equal(await codeText(privateKey), one.code);
    assert.deepEqual(qrModules(one.code).map((row) => row.map(Number).join("")), one.modules);
    assert.equal(hex((await pairOf(privateKey)).publicKey), one.public_key);
  });

  test(`it is read as typed: ${one.name}`, async () => {
    const sloppy = one.lines.map((line) => ` ${line.split(" ").map((word) => word.slice(0, 4).toUpperCase()).join("   ")}\n`);
    const parts = await Promise.all(sloppy.map(readLine));
    assert.equal(hex(joined(parts)), one.private_key);
    assert.equal(hex(await readCode(`  ${one.code.toLowerCase()}\r\n`)), one.private_key);
  });

  test(`no other word in a line is taken for the right one: ${one.name}`, async () => {
    const statement = { public_key: b64u(fromHex(one.public_key)) };
    const parts = await Promise.all(one.lines.map(readLine));
    let unnoticed = 0;
    for (const [place, line] of one.lines.entries()) {
      const words = line.split(" ");
      for (const other of WORD_LIST.filter((word, number) => number % 8 === place && word !== words[place % 4])) {
        const changed = words.with(place % 4, other).join(" ");
        const part = await readLine(changed, place).catch((problem) => assert.equal(problem.code, "line-check"));
        if (!part) continue;
        unnoticed += 1;
        await refused(() => pairFor(joined(parts.with(place, part)), statement), "other-share-key");
      }
    }
    assert.ok(unnoticed < 8, `${unnoticed} of 2048 were noticed only by the key they make`);
  });

  test(`no letter of its text can be changed: ${one.name}`, async () => {
    for (let place = 0; place < one.code.length; place += 1) {
      for (const letter of "0123456789ABCDEF Z".replace(one.code[place], "")) {
        const changed = one.code.slice(0, place) + letter + one.code.slice(place + 1);
        await assert.rejects(() => readCode(changed), ({ code }) => ["code-altered", "code-unreadable"].includes(code));
      }
    }
  });
}

test("a line says what is wrong with it", async () => {
  const [first, second] = sheets[2].lines;
  const words = first.split(" ");
  await refused(() => readLine(words.slice(1).join(" "), 0), "line-length");
  await refused(() => readLine("", 0), "line-length");
  await assert.rejects(() => readLine(words.with(2, "abanbon").join(" "), 0), { code: "line-word", detail: "abanbon" });
  await refused(() => readLine(words.with(2, words[2].slice(0, 2)).join(" "), 0), "line-word");
  await refused(() => readLine([words[1], words[0], words[2], words[3]].join(" "), 0), "line-check");
  await refused(() => readLine(second, 0), "line-check");
});

test("a code holds what fits, in its own letters", () => {
  assert.equal(qrModules("A".repeat(108)).length, 41);
  assert.throws(() => qrModules("A".repeat(109)), RangeError);
  assert.throws(() => qrModules("a"), RangeError);
});
