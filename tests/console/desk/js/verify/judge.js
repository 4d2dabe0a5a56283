/** What the desk's verifier makes of a case, in Node and in a browser alike. */

/**
 * @param {(name: string) => Promise<any>} desk loads a module of the desk
 * @returns {Promise<(kind: string, given: any) => Promise<object>>} the verdict on a case, as the files have it
 */
export async function makeJudge(desk) {
  const { CATALOGUE } = await desk("built/catalogue.js");
  const { fromB64u, sha256Hex } = await desk("canonical.js");
  const { verifyAssertion } = await desk("verify/assertions.js");
  const { verifyChain } = await desk("verify/chains.js");
  const { readCharter } = await desk("verify/charters.js");
  const { checkIsNode, openEnvelope, verifyEnrolment } = await desk("verify/nodes.js");
  const { evaluate } = await desk("verify/quorum.js");
  const { verifyRelease } = await desk("verify/release.js");
  const { readWarrant, refuseUnless, verifyWarrant } = await desk("verify/warrants.js");
  const { operations } = CATALOGUE;
  const { floor } = operations["charter.amend/v1"].consent;

  const chainIn = ({ deployment, demo, now, ...given }, kind) => verifyChain(given[kind].links, { anchor: given[kind].anchor, deployment, demo, floor, now });
  const ids = (counted) => counted.map((one) => one.identity).sort();

  const judges = {
    async assertion({ assertion, challenge, token, desk: place }) {
      await verifyAssertion(assertion, { challenge: fromB64u(challenge), token, desk: place });
      return [];
    },
    async quorum({ charters, warrant, kinds, floor: least, now }) {
      const { proposal, signatures } = await readWarrant(warrant);
      const read = await Promise.all(charters.map(readCharter));
      const verdict = await evaluate(read, proposal, signatures, { kinds, floor: least, now });
      refuseUnless(verdict);
      return ids(verdict.counted);
    },
    async charter({ charter }) {
      await readCharter(charter);
      return [];
    },
    async chain({ links, known, ...by }) {
      const other = known && (await verifyChain(known.links, { floor, ...by, anchor: known.anchor }));
      await verifyChain(links, { floor, ...by, known: other });
      return [];
    },
    async envelope({ envelope, ...by }) {
      await openEnvelope(envelope, by);
      return [];
    },
    async enrolment(given) {
      const provider = await chainIn(given, "provider");
      return ids((await verifyEnrolment(given.enrolment, { provider, operations })).counted);
    },
    async warrant(given) {
      const [provider, zone] = [await chainIn(given, "provider"), await chainIn(given, "zone")];
      const warrant = await readWarrant(given.warrant);
      const inForce = { provider: provider.at(-1), zone: zone.at(-1) };
      const { counted } = await verifyWarrant(warrant, { inForce, operations, now: given.now });
      checkIsNode(warrant.proposal.nodes, { node: given.node, identity: await sha256Hex(given.point) });
      return ids(counted);
    },
    async release({ deployment, ...given }) {
      return ids((await verifyRelease(given)).counted);
    },
  };

  return async (kind, given) => {
    try {
      return { accepted: true, counted: await judges[kind](given) };
    } catch (problem) {
      if (problem.name !== "Refused") return { accepted: "broken", problem: String(problem.stack) };
      return { accepted: false, desk: problem.code };
    }
  };
}

/**
 * A file's cases with what they share in place (tests/verifier/book.py says how).
 * @param {{kind: string, shared: object, cases: any[]}} file
 * @param {(name: string) => Promise<any>} desk loads a module of the desk
 */
export async function casesOf({ kind, shared, cases }, desk) {
  const { b64u, encode, fromB64u } = await desk("canonical.js");
  const data = (name) => (typeof shared[name] === "string" ? fromB64u(shared[name]) : encode(within(shared[name])));
  const within = filling((text) => {
    if (text.startsWith("&")) return within(shared[text]);
    return text.startsWith("@") ? b64u(data(text)) : text;
  });
  const fill = filling((text) => (text.startsWith("@") ? data(text) : text));
  return cases.map(({ name, given, expected: { code, ...expected } }) => ({ kind, name, given: fill(given), expected }));
}

/** Goes through a value and puts something else in the place of its texts. @param {(text: string) => any} put */
function filling(put) {
  const fill = (value) => {
    if (typeof value === "string") return put(value);
    if (Array.isArray(value)) return value.map(fill);
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, fill(one)]));
  };
  return fill;
}
