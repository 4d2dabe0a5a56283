/** What is shown of a suspension: whose token stops counting, where, and who says so. */
import { namedRow, PLAIN, row, section, sentence, timeRow } from "./rows.js";
import { fingerprint } from "./words.js";

const KINDS = { provider: "the provider", customer: "the customer", zone: "Trust Zone" };

/** @param {any} document @returns {import("./rows.js").Sheet} */
export function showSuspension(document) {
  const { authority, person, by } = document;
  return {
    ...PLAIN,
    kicker: "To suspend a token",
    sentence: sentence("Suspend a token of ", person.name, ": it counts no more for ", `${KINDS[authority.kind]} `,
      authority.name, "."),
    note:
      "It holds at once, on every HSM that goes by this charter, and nobody else has to sign. The token can still reject " +
      "and cancel. Only a quorum lets it count again. A threshold is not lowered by it.",
    sections: [
      section("What you sign", [
        namedRow("Token of", person),
        row("Credential", document.credential_id, "id"),
        row("Reason", document.reason),
        namedRow("Suspended by", by),
        timeRow("At", document.at),
      ]),
      section("Identifiers", [
        namedRow("Authority", authority),
        row("Kind", authority.kind),
        row("Charter version", String(authority.version)),
        row("Charter", fingerprint(authority.hash).join(" ")),
        row("Hash of the charter", authority.hash, "id"),
        row("Deployment", document.deployment, "id"),
        row("Demo", document.demo ? "yes" : "no", "boolean"),
        row("Document", document.type),
      ]),
    ],
    button: `Suspend this token of ${person.name}`,
    done: "The suspension is signed",
    stops: true,
  };
}
