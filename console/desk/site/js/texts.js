/** The words for everything that can go wrong: what happened, and what to do next. Nothing is signed then. */

const AGAIN = "Go back to the console and begin again.";
const REPORT =
  "Do not go on. Tell your security officers, over a line you trust, what you were asked to sign and what is written here.";
const TICKET = "What brings you here is good for one visit and a few minutes.";

/** @type {Record<string, {what: string, next: string, alarm?: boolean}>} */
export const REFUSALS = {
  // what the console handed over
  "bad-ticket": { what: "The address you came by is not one this desk can use.", next: AGAIN },
  "ticket-unknown": { what: `The console does not know what you came for. ${TICKET}`, next: AGAIN },
  "ticket-used": { what: `This was opened before. ${TICKET}`, next: AGAIN },
  "ticket-expired": { what: `It took too long. ${TICKET}`, next: AGAIN },
  "too-many": { what: "The console refuses for a moment: there were too many requests.", next: "Wait a minute, then go back to the console and begin again." },
  unavailable: { what: "The console answered that it cannot do this now.", next: AGAIN },
  unreachable: { what: "The console did not answer.", next: "See that you are connected, then go back to the console and begin again." },
  malformed: { what: "The console could not read what this desk sent.", next: REPORT, alarm: true },
  "other-origin": { what: "The console does not take this desk for its own.", next: REPORT, alarm: true },
  "bad-answer": { what: "The console answered in a way this desk does not understand.", next: REPORT, alarm: true },
  "unknown-purpose": { what: "The console asks for a signature of a kind that this desk does not know.", next: REPORT, alarm: true },
  "stray-attachment": { what: "The console sent a document along that does not belong to what is to be signed.", next: REPORT, alarm: true },

  // the document
  "too-long": { what: "The document is longer than any that is signed here.", next: REPORT, alarm: true },
  "not-json": { what: "The document cannot be read.", next: REPORT, alarm: true },
  "not-canonical": { what: "The document is not written in the one way that is signed, so two readers could read it differently.", next: REPORT, alarm: true },
  "not-base64url": { what: "The document cannot be read.", next: REPORT, alarm: true },
  "too-deep": { what: "The document is nested too deeply.", next: REPORT, alarm: true },
  "member-name": { what: "The document has a field with a name that is not plain.", next: REPORT, alarm: true },
  "lone-surrogate": { what: "The document has a broken letter.", next: REPORT, alarm: true },
  float: { what: "The document has a number that is not whole.", next: REPORT, alarm: true },
  "integer-too-large": { what: "The document has a number that is too large.", next: REPORT, alarm: true },
  "other-document": { what: "The console named one thing to be signed, and sent another.", next: REPORT, alarm: true },
  "unknown-field": { what: "The document has a field that this desk cannot show. What cannot be shown completely is not signed.", next: REPORT, alarm: true },
  "missing-field": { what: "The document lacks a field that it must have.", next: REPORT, alarm: true },
  "bad-field": { what: "A field of the document is not as it must be.", next: REPORT, alarm: true },
  "token-not-accepted": { what: "The charter has a token that its own rules do not accept.", next: REPORT, alarm: true },
  "too-few-tokens": { what: "The charter has somebody with fewer tokens than its own rules ask for.", next: REPORT, alarm: true },
  "unreadable-text": { what: "A text in the document has invisible, reversing or broken letters, so it cannot be shown as it is.", next: REPORT, alarm: true },
  "unknown-operation": { what: "The document is about an operation that this desk does not know.", next: "The desk may be older than the console. Ask your security officers; do not sign this elsewhere.", alarm: true },
  "other-statement": { what: "The proposal says of the statement what the statement itself does not say.", next: REPORT, alarm: true },
  "other-default": { what: "The statement holds a rule against another default than this desk knows.", next: "Ask your console's operator whether desk and console are of one version. Do not sign it elsewhere.", alarm: true },
  "stale-statement": { what: "The statement was drawn up from other versions of the charters than the proposal names.", next: "Draw it up anew, and propose that.", alarm: false },
  "cannot-show": { what: "The document has a part that this desk cannot show. What cannot be shown completely is not signed.", next: REPORT, alarm: true },

  // its place and time
  "other-deployment": { what: "The document is of another deployment than this desk serves.", next: REPORT, alarm: true },
  "demo-document": { what: "The document is of a demo, and this desk is not a demo's.", next: REPORT, alarm: true },
  "other-desk": { what: "The document is to be signed at another desk.", next: REPORT, alarm: true },
  "other-console": { what: "The sign-in is for another console than the one this desk serves.", next: REPORT, alarm: true },
  "not-yet": { what: "The sign-in is from the future.", next: "See that the clock of this machine is right, then begin again at the console." },
  expired: { what: "It has expired.", next: "Go back to the console. It can be asked for anew." },
  "other-address": { what: "This desk is not at the address it was built for.", next: REPORT, alarm: true },
  framed: { what: "This desk is inside another page.", next: REPORT, alarm: true },
  "no-webauthn": { what: "This browser cannot speak to security tokens here.", next: "Use a current browser, at this desk's own address." },

  // what was typed here
  "bad-reason": { what: "The reason cannot be signed: it has invisible letters, line breaks or double spaces, or is too long.", next: "Write it as one plain line." },

  // the token
  "token-declined": { what: "The token did not sign: it was cancelled, took too long, or is not one that may sign here.", next: "Try again with your token at hand." },
  "token-known": { what: "This token is enrolled for this person already.", next: "Use another token." },
  "token-elsewhere": { what: "The browser does not let tokens be used at this address.", next: REPORT, alarm: true },
  "token-unfit": { what: "This token cannot do what is needed: keep the credential, ask for a PIN or biometrics, and sign by ES256 or EdDSA.", next: "Use another token." },
  "token-without-prf": { what: "This token cannot compute a share key: it, or this browser, lacks the PRF extension (hmac-secret).", next: "Use the token and the browser that you made the share key with." },
  "token-unsteady": { what: "The token computed two different keys.", next: "Use another token: what is sealed to this one might not open again." },
  "token-failed": { what: "The token or the browser did not do what was asked.", next: "Try again. If it happens again, use another browser or token." },

  // a share key in a file
  "passphrase-weak": { what: "The passphrase is too easily found by trying.", next: "Make it longer, or have six words drawn." },
  "passphrase-differs": { what: "The two passphrases differ.", next: "Type both again; you can show what you type." },
  "passphrase-missing": { what: "There is no passphrase.", next: "Type the passphrase of the file." },
  "file-missing": { what: "No file is chosen.", next: "Choose the file that holds your share key." },
  "file-unreadable": { what: "The browser cannot read the file.", next: "See that it is still there, then choose it again." },
  "file-unknown": { what: "This is no share key file, or its beginning was altered.", next: "Choose the file that this desk made." },
  "file-altered": { what: "The file was altered or damaged.", next: "It does not open, whatever the passphrase. Choose another copy of it." },
  "file-of-another": { what: "This file holds the share key of somebody else.", next: "Choose your own." },
  "file-of-other-key": { what: "This file holds another share key, made with another token or at another time.", next: "Choose the one for this share key." },
  "wrong-passphrase": { what: "The file is whole, and the passphrase is not its passphrase.", next: "Type it again; you can show what you type." },

  // a share key on a sheet
  "line-length": { what: "A line has four words; typed here.", next: "Type the line again." },
  "line-word": { what: "Not one of the words that sheets are made of.", next: "Look at the sheet again." },
  "line-check": { what: "These words do not belong together in this line.", next: "One of them is another word, or they are in another order or line." },
  "line-missing": { what: "A line is missing.", next: "Type all eight, or scan the code." },
  "line-wrong": { what: "Not as on the sheet.", next: "It says what is wrong with it." },
  "code-unreadable": { what: "This is not the text of a sheet's code.", next: "Scan it again, or type the lines." },
  "code-altered": { what: "The text of the code is damaged: a character is missing or another.", next: "Scan it again, or type the lines." },
  "other-share-key": { what: "This is right in itself, and it is another share key.", next: "Use the sheet or file of this one; the words of its public key tell them apart." },
  "key-not-given": { what: "The share key was not given.", next: "Go on when you have it at hand." },
};

const UNEXPECTED = { what: "Something went wrong in this desk itself.", next: "Go back to the console and begin again. If it happens again, tell your security officers.", alarm: true };

/** @param {string} code */
export function wordsFor(code) {
  return REFUSALS[code] ?? UNEXPECTED;
}
