"""Cases of counting: the attacks of the quorum's own tests, each just as it was put to `evaluate`."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest import mock

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import (
    Approval,
    AuthorityKind,
    CancellationStatement,
    Charter,
    Proposal,
    RejectionStatement,
    Requester,
    Warrant,
)
from hsmnodes.node.protocol.documents.signatures import Signer
from hsmnodes.node.protocol.identities import Identities
from hsmnodes.node.protocol.purposes import Purpose
from hsmnodes.node.protocol.quorum import Consent, Signatures, Verdict, evaluate
from tests.cast.people import ADA, BEN, CLEO, DINA, EMIL, FAY, GUS, HANA, LEA, MERIDIAN, NORTHGATE, Member
from tests.cast.signing import approve, cancel, changed, make_warrant, reject
from tests.hsmnodes.node.protocol import scenes, test_quorum, test_quorum_of_two_authorities
from tests.hsmnodes.node.protocol.making import AMEND, GENERATE, NOW, make_charter, make_proposal, rule
from tests.hsmnodes.node.protocol.scenes import MANAGERS, make_scene
from tests.hsmnodes.node.protocol.test_quorum_of_two_authorities import (
    APPEARANCES,
    KINDS,
    NOT_SIGNED_FOR,
    charter_of,
    own,
)
from tests.verifier.book import Book

Put = dict[str, Any]
DENIED_WITH = {
    "expired this second": "expired",
    "expired long ago": "expired",
    "not valid yet": "too-early",
    "under a charter that has expired": "expired",
    "under the next version of the charter": "other-charter",
    "under the charter of another zone": "other-charter",
    "under a charter renamed": "other-charter",
    "under no charter": "other-charter",
    "under the charter twice": "other-charter",
    "without a rule": "no-rule",
    "with a rule for another operation": "no-rule",
    "with an empty rule": "no-rule",
    "with a rule below the floor": "below-floor",
    "requested by a signature for another purpose": "request-other-challenge",
    "requested by someone else": "request-unknown-token",
    "requested by a stranger": "request-unknown-token",
}


def put(
    charters: Sequence[Charter],
    proposal: Proposal,
    signatures: Signatures,
    *,
    consent: Consent,
    now: int,
    **for_nodes: Any,
) -> Put:
    """What was put to `evaluate`, as a case has it, which has nothing of what only nodes know."""
    if any(for_nodes.values()):
        raise NotImplementedError(f"a case does not say {', '.join(for_nodes)}")
    warrant = Warrant(
        proposal=canonical.b64u(proposal.raw),
        request=signatures.request,
        approvals=signatures.approvals,
        rejections=signatures.rejections,
        cancellations=signatures.cancellations,
        evidence=(),
    )
    return {
        "charters": [one.raw for one in charters],
        "warrant": warrant.raw,
        "kinds": [kind.value for kind in consent.kinds],
        "floor": consent.floor,
        "now": now,
    }


@contextmanager
def noted() -> Iterator[list[Put]]:
    """Notes what tests put to `evaluate`."""
    seen: list[Put] = []

    def note(*given: Any, **more: Any) -> Verdict:
        seen.append(put(*given, **more))
        return evaluate(*given, **more)

    with (
        mock.patch.object(scenes, "evaluate", note),
        mock.patch.object(test_quorum_of_two_authorities, "evaluate", note),
    ):
        yield seen


def as_put(act: Callable[[], Any]) -> Put:
    """What this puts to `evaluate` last."""
    with noted() as seen:
        act()
    return seen[-1]


def ids(*members: Member) -> list[str]:
    return [one.id for one in members]


def book() -> Book:
    """All of them."""
    made = Book("quorum")
    _add_attacks(made)
    _add_denied(made)
    _add_two_authorities(made)
    _add_clauses(made)
    return made


def _add_attacks(made: Book) -> None:
    for requester_is_one in (False, True):
        scene = make_scene(2, 4, requester_is_one=requester_is_one)
        who = "requested by one of them" if requester_is_one else "requested by another"
        good = test_quorum.all_of(scene)
        for name, extra in test_quorum.NOTHING_GAINED.items():
            enough, few = good[:2], good[:1]
            given = as_put(lambda: scene.judge([*enough, *extra(scene, enough)]))  # noqa: B023 -- called at once
            counted = ids(*scene.managers[:2])
            if name == "approvals of this with the hash of another" or not requester_is_one:
                made.accept(f"two of two, {who}, and {name}", given, counted)
            given = as_put(lambda: scene.judge([*extra(scene, few), *few]))  # noqa: B023 -- called at once
            made.refuse(f"one of two, {who}, after {name}", given, "quorum-not-met")


def _add_denied(made: Book) -> None:
    scene = make_scene(2, 3)
    good = test_quorum.all_of(scene)
    for name, deny in test_quorum.DENIED.items():
        given = as_put(lambda: deny(scene, good))  # noqa: B023 -- called at once
        made.refuse(f"everyone has approved what is {name}", given, DENIED_WITH.get(name, "closed"))
    for name, change in test_quorum.INEFFECTIVE.items():
        given = as_put(lambda: scene.judge(good[:2], **change(scene)))  # noqa: B023 -- called at once
        made.accept(f"a quorum in spite of {name}", given, ids(*scene.managers[:2]))


def _add_two_authorities(made: Book) -> None:
    judge = test_quorum_of_two_authorities.judge
    for name, appear in APPEARANCES.items():
        here, there = [own(one) for one in MANAGERS[:4]], [appear(one) for one in MANAGERS[:4]]
        charters = charter_of(KINDS[0], 1, here, HANA), charter_of(KINDS[1], 1, there)
        for count in (1, 2):
            pairs = zip(here[:count], there[:count], strict=True)
            signing = [one.signs_with for pair in pairs for one in pair]
            given = as_put(lambda: judge(charters, signing, HANA))  # noqa: B023 -- called at once
            if count == 1:
                made.refuse(f"one human for two authorities: {name}", given, "quorum-not-met")
            else:
                identities = Identities(charters)
                counted = [identities.of(one.member.id) for one in here[:2]]
                made.accept(f"two humans for two authorities: {name}", given, counted)
        away = [own(one) for one in MANAGERS[1:2]]
        theirs = charter_of(KINDS[1], 1, [appear(MANAGERS[0])])
        signing = [away[0].signs_with, MANAGERS[0].key, appear(MANAGERS[0]).signs_with]
        ours = charter_of(KINDS[0], 1, [own(one) for one in MANAGERS[:2]])
        given = as_put(lambda: judge((ours, theirs), signing, MANAGERS[0]))  # noqa: B023 -- called at once
        made.refuse(f"the requester for the other authority: {name}", given, "quorum-not-met")
    for name, (appear, changes) in NOT_SIGNED_FOR.items():
        charters = (
            charter_of(KINDS[0], 1, [own(one) for one in MANAGERS], HANA),
            charter_of(KINDS[1], 1, [appear(one) for one in MANAGERS], **changes),
        )
        for order in (charters, charters[::-1]):
            given = as_put(lambda: judge(order, [one.key for one in MANAGERS], HANA))  # noqa: B023 -- at once
            which = "first" if order is charters else "last"
            made.refuse(f"a charter that {name}, {which}", given, "quorum-not-met")


CROSSING = {"owners": [DINA, EMIL, GUS], "watch": [GUS, LEA, HANA], "nobody": []}


def _add_clauses(made: Book) -> None:
    """Rules of several clauses, whose people overlap; who approves, who is counted (None: refused)."""
    managers_and_owners = ((2, "key-manager"), (1, "owners"))
    officers_and_watch = ((2, "security-officer"), (1, "watch"))
    chain = ((1, "owners"), (1, "watch"), (1, "security-officer"))
    table: list[tuple[str, tuple[tuple[int, str], ...], list[Member], list[Member] | None]] = [
        ("a manager moves on to the owners' seat", managers_and_owners, [DINA, FAY, EMIL], [DINA, FAY, EMIL]),
        ("an owner who is no manager", managers_and_owners, [DINA, GUS, EMIL], [DINA, GUS, EMIL]),
        ("two people for three seats", managers_and_owners, [DINA, EMIL], None),
        ("nobody is an owner", managers_and_owners, [FAY, HANA], None),
        ("the fourth is not needed", managers_and_owners, [DINA, FAY, EMIL, GUS], [DINA, FAY, EMIL]),
        ("the third comes too late", ((1, "key-manager"), (1, "owners")), [FAY, DINA, EMIL], [FAY, DINA]),
        ("all must move along", chain, [GUS, LEA, DINA], [GUS, LEA, DINA]),
        ("all must move along, the other way", chain, [LEA, GUS, EMIL], [LEA, GUS, EMIL]),
        ("one sits where two could", chain, [GUS, HANA, DINA], [GUS, HANA, DINA]),
        ("the officers alone", chain, [GUS, LEA], None),
        ("who has no seat comes first", chain, [FAY, GUS, LEA, DINA], [GUS, LEA, DINA]),
        ("a group of nobody", ((1, "key-manager"), (1, "nobody")), [DINA, EMIL, FAY], None),
        ("the same clause twice", ((1, "key-manager"), (1, "key-manager")), [DINA, EMIL], [DINA, EMIL]),
        ("the same clause twice, one person", ((1, "key-manager"), (1, "key-manager")), [DINA, DINA], None),
        ("a role and a group that are the same people", officers_and_watch, [GUS, LEA], None),
    ]  # fmt: skip
    for name, clauses, approvers, counted in table:
        groups = {group: of for group, of in CROSSING.items() if any(group == who for _, who in clauses)}
        charter = make_charter(
            (DINA, EMIL, FAY, GUS, LEA, HANA, CLEO.with_roles()), rule(GENERATE, *clauses), groups=groups
        )
        given = under([charter], CLEO, approvers, floor=2)
        if counted is None:
            made.refuse(f"clauses: {name}", given, "quorum-not-met")
        else:
            made.accept(f"clauses: {name}", given, ids(*counted))
    _add_floor(made)
    _add_closings(made)
    _add_places(made)


def _add_closings(made: Book) -> None:
    """Rejections and cancellations that could be taken for ones that hold."""
    zone = make_charter((DINA, EMIL, FAY, LEA), rule(GENERATE, (2, "key-manager")))
    at = under([zone], DINA, [EMIL, FAY])
    proposal = Proposal.from_bytes(Warrant.from_bytes(at["warrant"]).proposal_bytes)

    def closed(by: Member, in_the_name_of: Member | None = None, kind: str = "reject", **changes: Any) -> Put:
        who = in_the_name_of or by
        statements = {"reject": RejectionStatement, "cancel": CancellationStatement}
        good = {"reject": reject, "cancel": cancel}[kind](proposal, who, at=NOW)
        statement = (
            statements[kind].from_bytes(canonical.b64u_decode(good.statement)).model_copy(update=changes)
        )
        purpose = {"reject": Purpose.REJECT, "cancel": Purpose.CANCEL}[kind]
        one = good.model_copy(
            update={
                "statement": canonical.b64u(statement.raw),
                "assertion": by.key.sign(purpose, statement.raw),
            }
        )
        field = {"reject": "rejections", "cancel": "cancellations"}[kind]
        warrant = Warrant.from_bytes(at["warrant"]).model_copy(update={field: (one,)})
        return at | {"warrant": warrant.raw}

    for kind, done in (("reject", "rejected"), ("cancel", "cancelled")):
        made.refuse(f"{done} by an approver", closed(EMIL, kind=kind), "closed")
        made.refuse(f"{done} by who asked", closed(DINA, kind=kind), "closed")
        made.accept(f"{done} by one of the charter without a seat", closed(LEA, kind=kind), ids(EMIL, FAY))
        made.accept(f"{done} by one in another's name", closed(EMIL, FAY, kind=kind), ids(EMIL, FAY))
        for name, person in {
            "under the wrong name": Signer(id=EMIL.id, name="Fay"),
            "under the wrong id": Signer(id=FAY.id, name="Emil"),
        }.items():
            made.accept(f"{done} {name}", closed(EMIL, kind=kind, person=person), ids(EMIL, FAY))
        for name, change in {
            "in another deployment": {"deployment": "0" * 32},
            "under another id": {"proposal": "0" * 32},
            "under another hash": {"proposal_hash": "0" * 64},
        }.items():
            made.accept(f"{done} {name}", closed(EMIL, kind=kind, **change), ids(EMIL, FAY))


def _add_floor(made: Book) -> None:
    zone = make_charter((DINA, EMIL, FAY), rule(GENERATE, (1, "key-manager"), (1, "key-manager")))
    provider = make_charter(
        (ADA, BEN, CLEO), rule(GENERATE, (1, "hsm-administrator")), kind=KINDS[1], authority=NORTHGATE
    )
    made.accept(
        "two clauses of one are two people", under([zone], DINA, [EMIL, FAY], floor=2), ids(EMIL, FAY)
    )
    both = [zone, provider]
    made.refuse(
        "one authority is below the floor", under(both, CLEO, [DINA, EMIL, ADA], floor=2), "below-floor"
    )
    made.accept("each by its own rule", under(both, CLEO, [DINA, EMIL, ADA], floor=1), ids(DINA, EMIL, ADA))
    made.refuse("one authority is silent", under(both, CLEO, [DINA, EMIL], floor=1), "quorum-not-met")
    made.refuse(
        "one authority alone is asked",
        under(both, CLEO, [DINA, EMIL, ADA], asked=KINDS[:1]),
        "wrong-authorities",
    )
    made.refuse("nobody is asked", under(both, CLEO, [DINA, EMIL, ADA], asked=()), "wrong-authorities")
    more = (*KINDS, AuthorityKind.ZONE)
    made.refuse("one more is asked", under(both, CLEO, [DINA, EMIL, ADA], asked=more), "wrong-authorities")


def _add_places(made: Book) -> None:
    """Deployments, and the first and last second of a charter."""
    zone = make_charter((DINA, EMIL, FAY), rule(GENERATE, (2, "key-manager")))
    elsewhere = under([zone], DINA, [EMIL, FAY], deployment="0" * 32)
    made.refuse("a proposal of another deployment", elsewhere, "other-deployment")
    made.refuse(
        "a proposal outside the demo", under([zone], DINA, [EMIL, FAY], demo=False), "other-deployment"
    )
    new = zone.model_copy(update={"valid_from": NOW})
    good = under([new], DINA, [EMIL, FAY])
    made.accept("the first second of a charter", good, ids(EMIL, FAY))
    made.refuse("a second before it", good | {"now": NOW - 1}, "charter-not-yet")
    old = zone.model_copy(update={"valid_until": NOW + 1})
    good = under([old], DINA, [EMIL, FAY])
    made.accept("the last second of a charter", good, ids(EMIL, FAY))
    made.refuse("a second after it", good | {"now": NOW + 1}, "charter-expired")
    over = make_charter((DINA, EMIL, FAY), rule(AMEND, (2, "key-manager")), valid_until=NOW)
    renewal = under([over], DINA, [EMIL, FAY], operation=AMEND)
    made.accept("a charter that has expired authorises its renewal", renewal, ids(EMIL, FAY))
    right = Requester(id=DINA.id, name="Dina", organisation=MERIDIAN)
    for what, change in {
        "name": {"name": "Emil"},
        "organisation": {"organisation": NORTHGATE},
        "organisation's name": {"organisation": MERIDIAN.model_copy(update={"name": "Bank"})},
    }.items():
        wrong = under([zone], DINA, [EMIL, FAY], as_=right.model_copy(update=change))
        made.refuse(f"who requests stands there with another {what}", wrong, "other-requester")


def under(
    charters: Sequence[Charter],
    requester: Member,
    approvers: Sequence[Member],
    *,
    floor: int = 1,
    asked: Sequence[AuthorityKind] | None = None,
    as_: Requester | None = None,
    **changes: Any,
) -> Put:
    proposal = make_proposal(*charters, requester=requester, **changes)
    if as_ is not None:
        proposal = changed(proposal, requester=as_)
    approvals: list[Approval] = [approve(proposal, one) for one in approvers]
    warrant = make_warrant(proposal, requester, ()).model_copy(update={"approvals": tuple(approvals)})
    kinds = tuple(one.authority.kind for one in charters) if asked is None else tuple(asked)
    return put(charters, proposal, Signatures.of(warrant), consent=Consent(kinds, floor), now=NOW)
