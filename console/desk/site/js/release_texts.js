/** The words for why a share stays at the desk: what happened, and what to do next. */

const REPORT =
  "Do not give your share to this ceremony. Tell your security officers, over a line you trust, what is written here.";
const AGAIN = "Go back to the console. If it is still asked for, begin again.";

const GROUPS = [
  {
    codes: ["cannot-open", "altered-share"],
    what: "What the console sent as your sealed share does not open with your token, or was altered.",
  },
  {
    codes: ["other-share", "other-holder", "other-zone", "other-ceremony"],
    what: "The ceremony asks for another share than the one that was opened: of another key, another set, or another custodian.",
  },
  {
    codes: ["no-anchor", "no-charter", "other-anchor", "not-founding", "does-not-follow", "goes-back", "other-terms",
      "not-authorised-old", "not-authorised-new", "not-proved", "not-certified", "no-warrant", "other-authority",
      "separation", "unsatisfiable", "other-organisation", "foreign-person", "foreign-custodian", "not-controlled", "no-recovery",
      "not-a-recovery", "side-missing", "other-side", "side-unknown", "side-replaced", "changes-more"],
    what: "The charters that the console sent do not follow from the founding charters that stand inside your share.",
  },
  {
    codes: ["charter-not-yet", "charter-expired"],
    what: "The last charter that the console sent is not in force now.",
    next: AGAIN,
  },
  {
    codes: ["quorum-not-met", "closed", "unknown-operation", "gathers-nothing", "no-consent", "other-requester",
      "request-refused", "wrong-authorities", "other-charter", "other-party", "other-proposal", "no-rule", "below-floor",
      "lives-too-long"],
    what: "The operation was not authorised by the people whom the charters ask for, or was rejected or cancelled.",
  },
  {
    codes: ["other-node", "other-nodes", "wrong-node", "wrong-purpose", "bad-identity", "bad-signature", "other-provider",
      "operation"],
    what: "The HSM that asks for your share was not admitted by the provider's charter, or did not sign this question itself.",
  },
  {
    codes: ["custodian-apart"],
    what: "You approved this operation, and whoever gives a share for it does not count among those who approve it: without " +
      "you too few have.",
    next: "Leave it to another custodian, who has not approved it.",
    calm: true,
  },
  {
    codes: ["delayed"],
    what: "The delay that the charter demands after the last signature cannot be over yet.",
    next: "Wait until it is, then begin again at the console. Whoever could sign the operation can still cancel it.",
    calm: true,
  },
  {
    codes: ["ceremony-over", "expired"],
    what: "The ceremony is over.",
    next: AGAIN,
    calm: true,
  },
  {
    codes: ["too-early"],
    what: "The ceremony is from the future.",
    next: "See that the clock of this machine is right, then begin again at the console.",
    calm: true,
  },
];
const OTHERWISE = { what: "Something that speaks for this ceremony does not hold: a signature, a charter, or a document." };

/** @param {string} code @returns {{what: string, next: string, alarm: boolean}} */
export function releaseWords(code) {
  const { what, next = REPORT, calm = false } = GROUPS.find((one) => one.codes.includes(code)) ?? OTHERWISE;
  return { what, next, alarm: !calm };
}
