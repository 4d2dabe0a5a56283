/** Who is one and the same for counting: people who have an id, a public key or a credential in common. */
import { tokensOf } from "./charters.js";

/**
 * @param {import("./charters.js").Charter[]} charters
 * @returns {(person: string) => string} the identity of a person's id: the lowest id of those who are the same
 */
export function identitiesIn(charters) {
  const neighbours = new Map();
  const connect = (one, other) => neighbours.set(one, (neighbours.get(one) ?? new Set()).add(other));
  for (const { person, token } of charters.flatMap(tokensOf)) {
    for (const mark of [`key ${token.public_key}`, `credential ${token.credential_id}`]) {
      connect(person.id, mark);
      connect(mark, person.id);
    }
  }
  const identities = new Map();
  const people = new Set(charters.flatMap((charter) => charter.people.map((one) => one.id)));
  for (const person of [...people].sort()) {
    if (identities.has(person)) continue;
    const reached = new Set([person]);
    for (const one of reached) for (const next of neighbours.get(one) ?? []) reached.add(next);
    for (const one of reached) if (people.has(one)) identities.set(one, person);
  }
  return (person) => identities.get(person) ?? person;
}
