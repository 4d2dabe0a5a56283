/** Seats and people: as many seats as can be filled at once when everybody sits only once. */

/**
 * Seats people one after the other; who has a seat keeps one, though perhaps another. A newcomer gets a seat if
 * those who sit already can move on, one to the place of the next, until one finds an empty seat.
 * @param {string[]} people
 * @param {{m: number, eligible: Set<string>}[]} clauses
 * @returns {string[][]} for each clause who sits there, at most M
 */
export function seat(people, clauses) {
  const order = [...new Set(people)];
  const seated = clauses.map(() => new Set());
  for (const person of order) place(person, clauses, seated);
  return seated.map((there) => order.filter((one) => there.has(one)));
}

function place(newcomer, clauses, seated) {
  const wantedBy = new Map();
  const seekers = [newcomer];
  for (const seeker of seekers) {
    for (const [index, { m, eligible }] of clauses.entries()) {
      if (wantedBy.has(index) || !eligible.has(seeker)) continue;
      wantedBy.set(index, seeker);
      if (seated[index].size < m) return moveOn(newcomer, index, wantedBy, seated);
      seekers.push(...seated[index]);
    }
  }
}

function moveOn(newcomer, free, wantedBy, seated) {
  for (let index = free; ; ) {
    const mover = wantedBy.get(index);
    const left = seated.findIndex((there) => there.has(mover));
    seated[index].add(mover);
    if (mover === newcomer) return;
    seated[left].delete(mover);
    index = left;
  }
}
