/** What an amended charter says of a token otherwise than the one in force, in words. */
import { encode, sameBytes } from "./canonical.js";
import { quoted } from "./render.js";
import { row, section } from "./rows.js";
import { factsOf, tokensOf } from "./verify/charters.js";

/** @param {any} before @param {any} after documents @returns {import("./rows.js").Section[]} none, if it says the same */
export function tokenSections(before, after) {
  const held = new Map(tokensOf(before).map((one) => [one.token.credential_id, one.token]));
  const rows = tokensOf(after).flatMap(({ person, token }) => {
    const was = held.get(token.credential_id);
    if (was === undefined || sameBytes(encode(factsOf(was)), encode(factsOf(token)))) return [];
    const shown = row(`${person.name}, token ${quoted(was.label)}`, tokenText(token));
    return [{ ...shown, weaker: `Before: ${tokenText(was)}` }];
  });
  return rows.length ? [section("What is said of tokens otherwise than before", rows)] : [];
}

/** All that is said of a token, in words. @param {any} token */
function tokenText({ label, aaguid, attestation, backup_eligible: synced, public_key: key }) {
  const make = `make ${attestation.trusted ? "proved" : "not proved"} (${attestation.format})`;
  return [quoted(label), make, synced ? "can be synced" : "cannot be synced", `model ${aaguid}`, `key ${key}`].join(" · ");
}
