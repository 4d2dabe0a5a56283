"""Cases of what a rule can say beside its clauses: alternatives, delay, lifetime, hours, custodians apart.

They are made after all others, so that those keep the ids they have.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import Proposal, Role, Warrant
from tests.cast.charters import DEPLOYMENT, Chain
from tests.cast.people import ADA, BEN, CLEO, DINA, EMIL, FAY, GUS, HANA, LEA, NORTHGATE, Member
from tests.cast.signing import reject
from tests.hsmnodes.node.protocol.amending import CHAIN, CURRENT, PEOPLE, link
from tests.hsmnodes.node.protocol.making import AMEND, GENERATE, NOW, make_charter, make_proposal, rule
from tests.hsmnodes.node.protocol.test_quorum_of_two_authorities import KINDS
from tests.verifier.book import Book
from tests.verifier.charters import chain_given, changed
from tests.verifier.nodes import AMS, chain_of, proposal_of
from tests.verifier.quorums import CROSSING, ids, under
from tests.verifier.story import Story
from tests.verifier.warrants import DRILL


def add_rules(books: Sequence[Book]) -> None:
    """Add them to the books of their kinds."""
    made = {book.kind: book for book in books}
    _add_documents(made["charter"])
    _add_alternatives(made["quorum"])
    _add_lifetimes(made["quorum"])
    _add_delayed_amendments(made["chain"])
    _add_delayed_warrants(made["warrant"])
    _add_releases(made["release"])


def _add_documents(made: Book) -> None:
    """What a rule may say and not say; what it does not say stands nowhere in it."""
    clause = {"role": "security-officer", "group": None, "m": 1}
    plain = {"operation": GENERATE, "clauses": [clause]}
    for name, more in RULES.items():
        made.accept(f"a rule {name}", {"charter": changed(CURRENT, rules=[plain | more])})
    for name, (more, code) in NOT_RULES.items():
        raw = canonical.encode(CURRENT.model_dump(mode="json") | {"rules": [plain | more]})
        unreadable = "unreadable-text" if "nobody can read" in name else "bad-field"
        made.refuse(f"a rule {name}", {"charter": raw}, code, desk=unreadable)


OFFICER = {"role": "security-officer", "group": None, "m": 1}
DAY = 86_400
MOST_DELAY, MOST_LIFE = 30 * DAY, 7 * DAY
RULES: dict[str, dict[str, Any]] = {
    "that denies": {"clauses": []},
    "with an alternative": {"alternatives": [[OFFICER]]},
    "with as many alternatives as there may be": {"alternatives": [[OFFICER]] * 3},
    "with the longest delay": {"delay": MOST_DELAY},
    "with the longest lifetime": {"lifetime": MOST_LIFE},
    "with hours": {"hours": "Monday to Friday, 8:00 to 18:00 in Frankfurt"},
    "with custodians apart": {"custodians_apart": True},
    "with everything": {
        "alternatives": [[OFFICER]],
        "delay": 1,
        "lifetime": 1,
        "hours": "By day.",
        "custodians_apart": True,
    },
}
NOT_RULES: dict[str, tuple[dict[str, Any], str]] = {
    "with no list of alternatives": ({"alternatives": []}, "bad-field"),
    "with an alternative of nothing": ({"alternatives": [[]]}, "bad-field"),
    "with an alternative to nothing": ({"clauses": [], "alternatives": [[OFFICER]]}, "bad-field"),
    "with too many alternatives": ({"alternatives": [[OFFICER]] * 4}, "bad-field"),
    "with too long an alternative": ({"alternatives": [[OFFICER] * 17]}, "bad-field"),
    "with no delay": ({"delay": 0}, "bad-field"),
    "with too long a delay": ({"delay": MOST_DELAY + 1}, "bad-field"),
    "with a delay that is true": ({"delay": True}, "bad-field"),
    "with a delay that is null": ({"delay": None}, "not-canonical"),
    "with no lifetime": ({"lifetime": 0}, "bad-field"),
    "with too long a lifetime": ({"lifetime": MOST_LIFE + 1}, "bad-field"),
    "with hours of nothing": ({"hours": ""}, "bad-field"),
    "with hours nobody can read": ({"hours": "By\u202eday"}, "bad-field"),
    "with too many hours": ({"hours": "h" * 201}, "bad-field"),
    "with custodians not apart": ({"custodians_apart": False}, "bad-field"),
    "with custodians half apart": ({"custodians_apart": 1}, "not-canonical"),
    "with an alternative of a group that is not there": (
        {"alternatives": [[OFFICER | {"role": None, "group": "nobody-knows"}]]},
        "bad-field",
    ),
}


def _add_alternatives(made: Book) -> None:
    """Rules of several alternatives; who approves, who is counted (or why it is refused)."""
    managers, officers = ((2, "key-manager"),), ((1, "key-manager"), (1, "security-officer"))
    watch = ((1, "watch"), (2, "owners"))
    ways = [managers, officers, watch]
    table: list[tuple[str, list[Any], list[Member], list[Member] | str]] = [
        ("the first is met", ways, [DINA, EMIL], [DINA, EMIL]),
        ("the second is met", ways, [DINA, LEA], [DINA, LEA]),
        ("the last is met", [managers, watch], [HANA, GUS, EMIL], [HANA, GUS, EMIL]),
        ("two are met, the first counts", ways, [LEA, EMIL, DINA], [EMIL, DINA]),
        ("who signed for another stays aside", ways, [HANA, DINA, LEA], [DINA, LEA]),
        ("half of each is none of them", ways, [DINA, HANA], "quorum-not-met"),
        ("two halves do not add up", [managers, ((2, "watch"),)], [DINA, HANA], "quorum-not-met"),
        ("nobody has signed", ways, [], "quorum-not-met"),
        ("one person fills no two seats of one", [officers, watch], [GUS, GUS], "quorum-not-met"),
        ("all must move along in one", [managers, watch], [GUS, HANA, DINA], [GUS, HANA, DINA]),
        ("one is below the floor", [managers, ((1, "security-officer"),)], [DINA, EMIL], "below-floor"),
        ("the first is below the floor", [((1, "security-officer"),), managers], [DINA, EMIL], "below-floor"),
        ("one that is the same again", [managers, managers], [DINA, EMIL], [DINA, EMIL]),
    ]  # fmt: skip
    for name, (first, *others), approvers, expected in table:
        asked = {who for way in (first, *others) for _, who in way}
        groups = {group: of for group, of in CROSSING.items() if group in asked}
        people = (DINA, EMIL, FAY, GUS, LEA, HANA, CLEO.with_roles())
        charter = make_charter(people, rule(GENERATE, *first, alternatives=others), groups=groups)
        given = under([charter], CLEO, approvers, floor=2)
        if isinstance(expected, str):
            made.refuse(f"alternatives: {name}", given, expected)
        else:
            made.accept(f"alternatives: {name}", given, ids(*expected))
    _add_alternatives_of_two(made)


def _add_alternatives_of_two(made: Book) -> None:
    """Two authorities with alternatives each: one of each together with one of the other."""
    zone = make_charter(
        (DINA, EMIL, GUS), rule(GENERATE, (1, "key-manager"), alternatives=[((1, "security-officer"),)])
    )
    provider = make_charter(
        (ADA, BEN, GUS.with_roles(Role.AUDITOR), CLEO),
        rule(GENERATE, (2, "hsm-administrator"), alternatives=[((1, "auditor"),)]),
        kind=KINDS[1],
        authority=NORTHGATE,
    )
    both = [zone, provider]
    made.accept(
        "alternatives of two, the first of each",
        under(both, CLEO, [DINA, ADA, BEN], floor=1),
        ids(DINA, ADA, BEN),
    )
    made.accept(
        "alternatives of two, the second of one", under(both, CLEO, [DINA, GUS], floor=1), ids(DINA, GUS)
    )
    made.refuse(
        "alternatives of two, one person for both", under(both, CLEO, [GUS], floor=1), "quorum-not-met"
    )
    closing = Proposal.from_bytes(Warrant.from_bytes(under(both, CLEO, [])["warrant"]).proposal_bytes)
    given = under(both, CLEO, [DINA, ADA, BEN], floor=1)
    warrant = Warrant.from_bytes(given["warrant"]).model_copy(
        update={"rejections": (reject(closing, GUS, at=NOW),)}
    )
    made.refuse(
        "alternatives of two, rejected by who could sit in another",
        given | {"warrant": warrant.raw},
        "closed",
    )


def _add_lifetimes(made: Book) -> None:
    """How long a proposal may live."""
    proposal = make_proposal(make_charter((DINA, EMIL, FAY), rule(GENERATE, (2, "key-manager"))))
    lives = proposal.expires_at - proposal.not_before
    for most, code in ((lives, None), (lives - 1, "lives-too-long")):
        zone = make_charter((DINA, EMIL, FAY), rule(GENERATE, (2, "key-manager"), lifetime=most))
        given = under([zone], DINA, [EMIL, FAY], floor=2)
        if code is None:
            made.accept("it lives for as long as its rule allows", given, ids(EMIL, FAY))
        else:
            made.refuse("it lives for a second longer than its rule allows", given, code)


def _add_delayed_amendments(made: Book) -> None:
    """An amendment cannot be in force before its delay can be over, by when it was proposed."""
    rules = rule(AMEND, (2, "security-officer"), delay=2 * DAY), rule(GENERATE, (2, "key-manager"))
    chain = Chain.founded(make_charter(PEOPLE, *rules), PEOPLE)
    begins = NOW - 60
    one = link(chain.next_version(), chain=chain, not_before=begins, expires_at=NOW + DAY)
    for now, code in ((NOW, "delayed"), (begins + 2 * DAY - 1, "delayed"), (begins + 2 * DAY, None)):
        given = chain_given(chain, one, now=now)
        name = f"an amendment with a delay, {now - begins} seconds after it was proposed"
        if code is None:
            made.accept(name, given)
        else:
            made.refuse(name, given, code)
    plain = link(CHAIN.next_version(rules=rules), not_before=begins)
    made.accept("an amendment that brings a delay has none itself", chain_given(CHAIN, plain))


class Ruled(Story):
    """The drill, under a rule that says more."""

    more: Mapping[str, Any] = {}

    @cached_property
    def zone(self) -> Chain:
        plain = self.cast.zone(members=self.custodians).current.rules
        rules = [one.model_copy(update=self.more) if one.operation == DRILL else one for one in plain]
        return self.cast.zone(members=self.custodians, rules=tuple(rules))


def ruled(**more: Any) -> Ruled:
    story = Ruled()
    story.more = more
    return story


def _add_delayed_warrants(made: Book) -> None:
    story = ruled(delay=2 * DAY)
    proposal = proposal_of(story.warrant)
    begins, ends = proposal.not_before, proposal.expires_at
    for now, code in (
        (NOW, "delayed"),
        (begins + 2 * DAY - 1, "delayed"),
        (begins + 2 * DAY, None),
        (ends + 2 * DAY - 1, None),
        (ends + 2 * DAY, "expired"),
    ):
        given = {
            "provider": chain_of(story.cast.northgate),
            "zone": chain_of(story.zone),
            "node": AMS.node.node.model_dump(),
            "point": AMS.point,
            "warrant": story.warrant.raw,
            "now": now,
            "deployment": DEPLOYMENT,
            "demo": True,
        }
        name = f"with a delay, {now - begins} seconds after it began"
        if code is None:
            made.accept(name, given, ids(EMIL, FAY))
        else:
            made.refuse(name, given, code)
    brief = ruled(lifetime=3600)
    given = given | {"zone": chain_of(brief.zone), "warrant": brief.warrant.raw, "now": NOW}
    made.refuse("that lives longer than its rule allows", given, "lives-too-long")


def _add_releases(made: Book) -> None:
    story = ruled(delay=2 * DAY)
    begins, ends = proposal_of(story.warrant).not_before, proposal_of(story.warrant).expires_at
    due = begins + 2 * DAY

    def waited(now: int, opened_at: int, expires_at: int = ends + 2 * DAY) -> dict[str, Any]:
        return story.given(ceremony=story.asks(opened_at=opened_at, expires_at=expires_at), now=now)

    made.accept("after its delay", waited(due, due), ids(EMIL, FAY))
    made.accept("after its delay, when it would have expired", waited(ends + DAY, ends), ids(EMIL, FAY))
    made.refuse("before its delay is over", waited(due - 1, due), "delayed")
    made.refuse("asked before its delay was over", waited(due, due - 1), "too-early")
    made.refuse("that outlasts its delay", waited(due, due, ends + 2 * DAY + 1), "ceremony-over")
    apart = ruled(custodians_apart=True)
    by_others = apart.drill(FAY, EMIL)
    made.refuse("by who approved it, where custodians are apart", apart.under(by_others), "custodian-apart")
    of_dina = apart.under(by_others, share=apart.shares[0])
    made.accept("by who requested it, where custodians are apart", of_dina, ids(EMIL, FAY))
    plain = Story()
    made.accept("by who approved it, where they are not", plain.under(plain.drill(FAY, EMIL)), ids(EMIL, FAY))
