/** What is shown of a suspension: whose token stops counting, or which application is cut off, and who says so. */
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
      identifiers(document),
    ],
    button: `Suspend this token of ${person.name}`,
    done: "The suspension is signed",
    stops: true,
  };
}

/** @param {any} document @returns {import("./rows.js").Sheet} */
export function showApplicationSuspension(document) {
  const { authority, application, by } = document;
  return {
    ...PLAIN,
    kicker: "To suspend an application",
    sentence: sentence("Suspend the application ", application.name, ` in ${KINDS[authority.kind]} `, authority.name,
      ": its sessions end at once, and it connects no more."),
    note:
      "It holds at once, on every HSM that goes by this charter, and nobody else has to sign. Nothing is deleted: its " +
      "token stays. Only a quorum of the zone lets it connect again.",
    sections: [
      section("What you sign", [
        namedRow("Application", application),
        row("Reason", document.reason),
        namedRow("Suspended by", by),
        timeRow("At", document.at),
      ]),
      identifiers(document),
    ],
    button: `Suspend ${application.name}`,
    done: "The suspension is signed",
    stops: true,
  };
}

function identifiers({ authority, deployment, demo, type }) {
  return section("Identifiers", [
    namedRow("Authority", authority),
    row("Kind", authority.kind),
    row("Charter version", String(authority.version)),
    row("Charter", fingerprint(authority.hash).join(" ")),
    row("Hash of the charter", authority.hash, "id"),
    row("Deployment", deployment, "id"),
    row("Demo", demo ? "yes" : "no", "boolean"),
    row("Document", type),
  ]);
}
