"""What speaks against a proposal whoever signs: its time, the charters' validity, what their rules say."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hsmnodes.node.protocol.consistency import AMEND, RECOVER
from hsmnodes.node.protocol.documents.charter import Charter
from hsmnodes.node.protocol.documents.proposal import Proposal
from hsmnodes.node.protocol.seating import Ruling, rules_for


@dataclass(frozen=True)
class Problem:
    """Why a proposal cannot be authorised, whoever signs."""

    code: str
    message: str


def delay_of(charters: Iterable[Charter], operation: str) -> int:
    """The longest delay, in seconds, that the rules of these charters have for an operation; 0 for none."""
    rules = [charter.rule(operation) for charter in charters]
    return max((rule.delay for rule in rules if rule is not None and rule.delay is not None), default=0)


def delay_before(charter: Charter, proposal: Proposal) -> int:
    """How many seconds a proposal for the next version of `charter` waits, by what that charter says."""
    if proposal.operation == RECOVER:
        return charter.recovery.seconds if charter.recovery is not None else 0
    return delay_of((charter,), AMEND)


def custodians_apart(charters: Iterable[Charter], operation: str) -> bool:
    """Whether a rule has those who give a share for an operation not count among those who approve it."""
    rules = [charter.rule(operation) for charter in charters]
    return any(rule is not None and rule.custodians_apart for rule in rules)


def time_problems(
    charters: Sequence[Charter], proposal: Proposal, now: int, *, announced: int | None = None
) -> list[Problem]:
    """Whether a proposal is in its time at `now` (seconds since 1970).

    A delay moves it on: what was `announced` in the proposal's time may be carried out as much later as the
    delay is long, and no later than that.
    """
    begun, over = now, proposal.expires_at
    if announced is not None and (delay := delay_of(charters, proposal.operation)):
        begun, over = announced, proposal.expires_at + delay
    if begun < proposal.not_before:
        return [Problem("too-early", "The proposal is not valid yet.")]
    if begun >= proposal.expires_at or now >= over:
        return [Problem("expired", "The proposal has expired.")]
    return []


def validity_problems(charters: Sequence[Charter], operation: str, now: int) -> list[Problem]:
    """Which charters cannot decide at `now`: one that has expired authorises its own renewal alone."""
    problems = []
    for charter in charters:
        if now < charter.valid_from:
            problems.append(
                Problem("charter-not-yet", f"The charter of {charter.authority.name} is not valid yet.")
            )
        if now >= charter.valid_until and operation != AMEND:
            problems.append(
                Problem("charter-expired", f"The charter of {charter.authority.name} has expired.")
            )
    return problems


def rule_problems(charters: Sequence[Charter], ruling: Ruling, floor: int) -> list[Problem]:
    """Which charters do not allow the operation at all, or ask for fewer people than its floor."""
    problems = []
    if not charters:
        problems.append(Problem("no-charter", "No charter decides."))
    for charter in charters:
        rule = ruling(charter)
        if rule is None or not rule.clauses:
            problems.append(
                Problem("no-rule", f"The charter of {charter.authority.name} does not allow this.")
            )
        elif rule.fewest < floor:
            problems.append(
                Problem(
                    "below-floor",
                    f"The charter of {charter.authority.name} asks for fewer than {floor} people.",
                )
            )
    return problems


def lifetime_problems(
    charters: Iterable[Charter], proposal: Proposal, ruling: Ruling | None = None
) -> list[Problem]:
    """Which charters do not let such a proposal live for as long as this one does."""
    problems = []
    for charter in charters:
        rule = (ruling or rules_for(proposal.operation))(charter)
        lives = proposal.expires_at - proposal.not_before
        if rule is not None and rule.lifetime is not None and lives > rule.lifetime:
            problems.append(
                Problem(
                    "lives-too-long",
                    f"The charter of {charter.authority.name} lets such a proposal live for {rule.lifetime} "
                    f"seconds at most, and this one lives for {lives}.",
                )
            )
    return problems
