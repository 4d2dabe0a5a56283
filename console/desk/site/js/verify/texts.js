/** The words for what can speak against the release of a share. */

const KEEP =
  "Do not give your share elsewhere either. Tell your security officers, over a line you trust, what you were asked for and what is written here.";
const LATER = "Go back to the console. It can be asked for anew.";

/** What is wrong with the pieces that the console handed over: somebody may be lying. */
const WRONG = {
  // charters
  "no-charter": "The console did not send all charters from which this desk judges.",
  "stray-charter": "The console sent a charter that has nothing to do with this share.",
  "other-anchor": "The charters are not those of the provider and the Trust Zone that your share was made for.",
  "not-founding": "A charter does not begin with its founding version.",
  "not-proved": "A charter has a token that did not sign it.",
  "not-certified": "A charter has a share key that its token did not certify.",
  unsatisfiable: "A charter has a rule that nobody could satisfy.",
  "no-warrant": "A version of a charter comes without the signatures that put it into force.",
  "does-not-follow": "A version of a charter does not follow from the one before, or two follow from the same.",
  "other-authority": "A version of a charter is of somebody else.",
  "other-terms": "A version of the Trust Zone's charter changes the terms of the zone.",
  "goes-back": "A version of a charter would be valid from earlier than the one before.",
  "not-authorised-old": "A version of a charter was not agreed to under the rules of the one before.",
  "not-authorised-new": "A version of a charter was not agreed to under its own rules.",
  "other-zone": "This is about another Trust Zone than the one your share is of.",
  "other-provider": "The Trust Zone is not on nodes of this provider.",
  separation: "Somebody who runs the HSMs has duties in the Trust Zone.",
  // signatures under the rules
  "wrong-authorities": "The proposal does not name those whose consent it needs.",
  "other-charter": "The proposal was signed under another version of a charter than the one in force.",
  "no-anchor": "It needs the consent of somebody whose charter this desk cannot verify.",
  "other-party": "The Trust Zone that agreed is not the one that it is about.",
  "no-consent": "It is an operation that nobody's consent is asked for.",
  "no-rule": "A charter does not allow this.",
  "below-floor": "A charter asks for fewer people than this operation takes at least.",
  "request-refused": "The signature of the person who is said to have asked for it does not hold.",
  "other-requester": "Somebody else asked for it than is said.",
  "quorum-not-met": "Too few people have signed.",
  closed: "It was rejected or cancelled.",
  // the node
  operation: "What is said to be the enrolment of the node is something else.",
  "other-node": "The node is not the one that was enrolled, or not the one that people agreed to.",
  "bad-identity": "The node's identity key is not a key.",
  "wrong-purpose": "What the node signed is not a question for shares.",
  "wrong-node": "Another node asks than the one that was enrolled.",
  "bad-signature": "The node's signature does not hold.",
  "no-such-algorithm": "This browser cannot verify one of the signatures.",
  // the ceremony
  "gathers-nothing": "The operation needs nobody's share.",
  "other-proposal": "The node asks under another proposal than the one that was agreed to.",
  "other-share": "What is asked for is another share than yours.",
  "other-holder": "The node does not take you, with this token, for the holder of this share.",
  "altered-share": "Your share is not the one that was made for you.",
};

/** What comes of time alone. */
const TIMELY = {
  "charter-not-yet": "A charter is not valid yet.",
  "charter-expired": "A charter has expired, and must be renewed first.",
  "too-early": "It is not time yet, or the clock of this machine is wrong.",
  "ceremony-over": "The node no longer waits for shares.",
};

const told = (texts, rest) => Object.fromEntries(Object.entries(texts).map(([code, what]) => [code, { what, ...rest }]));

/** @type {Record<string, {what: string, next: string, alarm?: boolean}>} */
export const RELEASE_REFUSALS = { ...told(WRONG, { next: KEEP, alarm: true }), ...told(TIMELY, { next: LATER }) };
