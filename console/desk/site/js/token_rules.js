/** Which tokens a charter accepts: what its rules say of each token, and of how many each person has. */
import { Refused } from "./refusal.js";
import * as is from "./shapes.js";

export const MOST_TOKENS = 10;
const MOST_MODELS = 256;
const models = is.list(is.id, 1, MOST_MODELS);

export const tokenRules = is.object(
  { backup_eligible: is.oneOf("forbidden", "allowed") },
  ({ attestation, models_allowed: allowed, models_blocked: blocked = [] }, path) => {
    if (!is.isSorted(allowed ?? []) || !is.isSorted(blocked)) throw new Refused("bad-field", path);
    // Without attestation a token can say that it is of any model.
    if (allowed !== undefined && attestation === undefined) throw new Refused("bad-field", path);
    if (allowed?.some((one) => blocked.includes(one))) throw new Refused("bad-field", path);
  },
  {
    attestation: is.oneOf("required"),
    models_allowed: models,
    models_blocked: models,
    tokens_each: is.integer(2, MOST_TOKENS),
  },
);

/**
 * Throws at the first token that a charter's own rules do not accept, or the first person with too few.
 * @param {{token_rules: any, people: {name: string, tokens: any[]}[]}} charter
 */
export function checkTokens({ token_rules: rules, people }) {
  for (const { name, tokens } of people) {
    for (const token of tokens) {
      if (!accepts(rules, token)) throw new Refused("token-not-accepted", `${token.label} (${name})`);
    }
    if (tokens.length < (rules.tokens_each ?? 1)) throw new Refused("too-few-tokens", name);
  }
}

function accepts(rules, token) {
  if (token.backup_eligible && rules.backup_eligible === "forbidden") return false;
  if (rules.attestation === "required" && !token.attestation.trusted) return false;
  if (rules.models_blocked?.includes(token.aaguid)) return false;
  return rules.models_allowed === undefined || rules.models_allowed.includes(token.aaguid);
}
