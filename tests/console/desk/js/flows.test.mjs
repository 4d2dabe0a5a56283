/** What may lie on the desk: orders are prepared, or refused with their reason. */
import assert from "node:assert/strict";
import test from "node:test";
import { desk, refused } from "./desk.mjs";

const { b64u, decode, encode, sha256Hex } = await desk("canonical.js");
const { prepare } = await desk("flows.js");
const { takeTicket } = await desk("tickets.js");
const { CONFIG } = await desk("built/config.js");

const ID = "0123456789abcdef0123456789abcdef";
const now = Math.floor(Date.now() / 1000);
const at = { origin: CONFIG.origin, rp_id: CONFIG.rp_id };

const signIn = (changes = {}) => ({
  type: "quorate/sign-in/v1", deployment: CONFIG.deployment, console: CONFIG.console, desk: at, nonce: ID,
  at: now, expires_at: now + 300, ...changes,
});
const proposal = (changes = {}) => ({
  type: "quorate/proposal/v1", deployment: CONFIG.deployment, demo: true, proposal: ID, operation: "node.export-log/v1",
  parameters: { node: { id: ID, name: "ams-1" }, from_sequence: 1, to_sequence: 9 },
  authorities: [{ kind: "provider", id: ID, name: "Northgate", version: 1, hash: "0".repeat(64) }],
  nodes: [{ id: ID, name: "ams-1", identity: "0".repeat(64) }],
  requester: { id: ID, name: "Cleo", organisation: { id: ID, name: "Northgate" } },
  not_before: now - 60, expires_at: now + 3600, previous: null, reason: "An audit.", ...changes,
});
const order = (purpose, document, more = {}) => ({
  purpose: `quorate/${purpose}/v1`, document: b64u(encode(document)), attached: [], credentials: [], person: null,
  ceremony: null, ...more,
});
const emil = { id: "f".repeat(32), name: "Emil" };

test("a sign-in is prepared, and its own bytes are signed", async () => {
  const work = await prepare(order("sign-in", signIn()));
  assert.deepEqual(work.toSign(""), encode(signIn()));
  assert.equal(work.sheet.button, `Sign in to ${CONFIG.console.split("://")[1]}`);
});

for (const [what, document, code] of [
  ["of another deployment", signIn({ deployment: ID }), "other-deployment"],
  ["at another desk", signIn({ desk: { origin: "https://desk.example", rp_id: "desk.example" } }), "other-desk"],
  ["for another console", signIn({ console: "https://console.example" }), "other-console"],
  ["that has expired", signIn({ at: now - 900, expires_at: now - 600 }), "expired"],
  ["from the future", signIn({ at: now + 6000, expires_at: now + 6300 }), "not-yet"],
  ["good for a day", signIn({ expires_at: now + 86400 }), "bad-field"],
]) {
  test(`a sign-in ${what} is refused`, () => refused(() => prepare(order("sign-in", document)), code));
}

test("a sign-in whose bytes are a proposal's is refused", () =>
  refused(() => prepare(order("sign-in", proposal())), "other-document"));

test("a purpose of nodes, or of nobody, is refused", async () => {
  for (const purpose of ["receipt", "release-share", "constructor"]) {
    await refused(() => prepare(order(purpose, proposal())), "unknown-purpose");
  }
});

const suspension = (changes = {}) => ({
  type: "quorate/application-suspension-statement/v1", deployment: CONFIG.deployment, demo: true,
  authority: { kind: "zone", id: ID, name: "Payments", version: 1, hash: "0".repeat(64) },
  application: { id: ID, name: "webshop" }, by: emil, reason: "Its host was broken into.", at: now, ...changes,
});

test("the suspension of an application says what it does, and its own bytes are signed", async () => {
  const work = await prepare(order("suspend", suspension()));
  assert.deepEqual(work.toSign(""), encode(suspension()));
  assert.deepEqual(work.signer, emil);
  assert.equal(work.sheet.button, "Suspend webshop");
  assert.ok(JSON.stringify(work.sheet).includes("Its host was broken into."));
});

for (const [what, document, code] of [
  ["of another deployment", suspension({ deployment: ID }), "other-deployment"],
  ["with something more", suspension({ quietly: true }), "unknown-field"],
  ["of another type", suspension({ type: "quorate/sign-in/v1" }), "other-document"],
]) {
  test(`a suspension ${what} is refused`, () => refused(() => prepare(order("suspend", document)), code));
}

test("a suspension is signed for no other purpose", () =>
  refused(() => prepare(order("approve", suspension())), "other-document"));

test("a proposal that has expired is refused", () =>
  refused(() => prepare(order("approve", proposal({ not_before: now - 9, expires_at: now - 1 }))), "expired"));

test("a rejection signs a statement made here, over the hash of the bytes", async () => {
  const work = await prepare(order("reject", proposal(), { person: emil }));
  const statement = decode(work.toSign("Not agreed"));
  assert.equal(statement.type, "quorate/rejection-statement/v1");
  assert.equal(statement.proposal_hash, await sha256Hex(encode(proposal())));
  assert.deepEqual(statement.person, emil);
  assert.equal(statement.reason, "Not agreed");
  assert.ok(Math.abs(statement.at - now) < 60);
  await refused(() => work.toSign("two\nlines"), "unreadable-text");
  await refused(() => work.toSign(""), "bad-field");
});

test("a cancellation is another statement", async () => {
  const work = await prepare(order("cancel", proposal(), { person: emil }));
  assert.equal(decode(work.toSign("Too late")).type, "quorate/cancellation-statement/v1");
});

test("who states something must be named, and nobody else may be", async () => {
  await refused(() => prepare(order("reject", proposal())), "bad-answer");
  await refused(() => prepare(order("approve", proposal(), { person: emil })), "bad-answer");
});

test("a document behind a hash must have that hash", () =>
  refused(() => prepare(order("approve", proposal(), { attached: [b64u(encode({ a: 1 }))] })), "stray-attachment"));

test("nothing is attached to what is not a proposal", () =>
  refused(() => prepare(order("sign-in", signIn(), { attached: [b64u(encode({ a: 1 }))] })), "stray-attachment"));

test("the ticket is taken out of the address", async () => {
  const visits = [];
  const history = { replaceState: (...words) => visits.push(words) };
  const ticket = b64u(new Uint8Array(32).fill(7));
  assert.equal(takeTicket({ hash: `#${ticket}`, pathname: "/" }, history), ticket);
  assert.deepEqual(visits, [[null, "", "/"]]);
  assert.equal(takeTicket({ hash: "", pathname: "/" }, history), null);
  for (const hash of ["#short", `#${ticket}x`, "#https://console.example/", `#${ticket.slice(0, 42)}-`]) {
    await refused(() => takeTicket({ hash, pathname: "/" }, history), "bad-ticket");
  }
});
