"""Cases of warrants of drills, as the node judges them that they are addressed to."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hsmnodes.node.protocol.documents import AuthorityKind, Role, Warrant
from tests.cast.charters import DEPLOYMENT, Chain
from tests.cast.deployment import Deployment
from tests.cast.people import (
    ADA,
    BEN,
    CLEO,
    CUSTODIANS,
    DINA,
    EMIL,
    FAY,
    GUS,
    LEA,
    MERIDIAN,
    NORTHGATE,
    Member,
    make_id,
    named,
)
from tests.cast.signing import cancel, changed, make_warrant, reject
from tests.hsmnodes.node.protocol.amending import alias
from tests.hsmnodes.node.protocol.making import NOW, make_charter, rule
from tests.verifier.book import Book
from tests.verifier.nodes import AMS, FRA, Given, chain_of, proposal_of

DRILL = "backup-key.drill/v1"


def book() -> Book:
    """All of them."""
    made = Book("warrant")
    cast = Deployment(now=NOW)
    zone = cast.zone(members=CUSTODIANS)

    def given(warrant: Warrant, there: Chain = zone, provider: Chain | None = None, **changes: Any) -> Given:
        values = {
            "provider": chain_of(provider or cast.northgate),
            "zone": chain_of(there),
            "node": AMS.node.node.model_dump(),
            "point": AMS.point,
            "warrant": warrant.raw,
            "now": NOW,
        }
        return values | {"deployment": DEPLOYMENT, "demo": True} | changes

    who = [one.id for one in (EMIL, FAY)]

    def drill(*approvers: Member, requester: Member = DINA, signed: Any = None, **changes: Any) -> Warrant:
        proposal = changed(proposal_of(cast.hold_drill(AMS.node, zone)), **changes)
        return make_warrant(
            proposal, requester, approvers or (EMIL, FAY), **(signed(proposal) if signed else {})
        )

    made.accept("in order", given(drill()), who)
    made.refuse("one approved", given(drill(EMIL)), "quorum-not-met")
    made.refuse("one approved twice", given(drill(EMIL, EMIL)), "quorum-not-met")
    made.refuse("who requests approved", given(drill(EMIL, DINA)), "quorum-not-met")
    made.refuse("the provider approved", given(drill(ADA, BEN)), "quorum-not-met")
    made.refuse("the customer's officers approved", given(drill(GUS, LEA)), "quorum-not-met")
    made.refuse("another requested", given(drill(requester=FAY)), "other-requester")
    made.refuse("a stranger requested", given(drill(requester=CLEO)), "request-unknown-token")
    made.refuse(
        "rejected", given(drill(signed=lambda p: {"rejections": (reject(p, FAY, at=NOW),)})), "closed"
    )
    made.refuse(
        "cancelled", given(drill(signed=lambda p: {"cancellations": (cancel(p, DINA, at=NOW),)})), "closed"
    )
    made.accept(
        "rejected by a stranger",
        given(drill(signed=lambda p: {"rejections": (reject(p, GUS, at=NOW),)})),
        who,
    )
    made.refuse("expired", given(drill(), now=NOW + 2 * 86_400), "expired")
    made.refuse("too early", given(drill(), now=NOW - 61), "too-early")
    made.refuse("another node", given(drill(nodes=(FRA.node.at,))), "other-node")
    made.refuse("two nodes", given(drill(nodes=(AMS.node.at, FRA.node.at))), "other-nodes")
    made.refuse("no node", given(drill(nodes=())), "other-nodes")
    renamed = AMS.node.at.model_copy(update={"name": "ams-2"})
    made.refuse("a node of another name", given(drill(nodes=(renamed,))), "other-node")
    rekeyed = AMS.node.at.model_copy(update={"identity": "0" * 64})
    made.refuse("a node of another key", given(drill(nodes=(rekeyed,))), "other-node")
    made.refuse("another deployment", given(drill(deployment=make_id("x"))), "other-deployment")
    made.refuse("not of the demo", given(drill(demo=False)), "other-deployment")
    made.refuse(
        "an operation that there is not", given(drill(operation="backup-key.leak/v1")), "unknown-operation"
    )
    made.refuse(
        "a later version of the operation", given(drill(operation="backup-key.drill/v2")), "unknown-operation"
    )
    parameters = proposal_of(drill()).parameters
    made.refuse("a parameter too many", given(drill(parameters=parameters | {"to": "x"})), "unknown-field")
    made.refuse("an epoch of text", given(drill(parameters=parameters | {"epoch": "1"})), "bad-field")
    other = parameters | {"zone": {"id": make_id("other"), "name": "Payments"}}
    made.refuse(
        "another zone than who consents", given(drill(parameters=other)), "not-pinned", desk="other-party"
    )
    made.refuse(
        "nobody's consent but the provider's",
        given(drill(authorities=(cast.northgate.at,))),
        "wrong-authorities",
    )
    both = tuple(sorted((cast.northgate.at, zone.at), key=lambda one: one.kind.value))
    made.refuse("the provider's consent too", given(drill(authorities=both)), "wrong-authorities")
    _add_zones(made, cast, given)
    return made


def _add_zones(made: Book, cast: Deployment, given: Callable[..., Given]) -> None:
    """Warrants under other versions of the zone's charter, and where duties are not apart."""
    zone = cast.zone(members=CUSTODIANS)
    before = cast.hold_drill(AMS.node, zone)
    who = [one.id for one in (EMIL, FAY)]
    until = zone.current.valid_until
    zone.amend(requester=DINA, approvers=(EMIL, FAY), now=NOW, valid_until=until - 1)
    made.refuse("under the version before", given(before, zone), "other-charter")
    made.accept("under the version in force", given(cast.hold_drill(AMS.node, zone), zone), who)
    weaker = zone.next_version(
        rules=tuple(
            rule(DRILL, (1, "key-manager")) if one.operation == DRILL else one for one in zone.current.rules
        )
    )
    zone.links.append(zone.link_to(weaker, requester=DINA, approvers=(EMIL, FAY), now=NOW))
    zone.charters.append(weaker)
    made.refuse("under a rule below the floor", given(cast.hold_drill(AMS.node, zone), zone), "below-floor")
    silent = cast.zone(members=CUSTODIANS)
    silent.amend(
        requester=DINA,
        approvers=(EMIL, FAY),
        now=NOW,
        rules=tuple(one for one in silent.current.rules if one.operation != DRILL),
    )
    made.refuse("without a rule", given(cast.hold_drill(AMS.node, silent), silent), "no-rule")
    short = Chain.founded(
        cast.zone(members=CUSTODIANS).current.model_copy(update={"valid_until": NOW + 60}), CUSTODIANS
    )
    good = cast.hold_drill(AMS.node, short)
    made.accept("the charter's last second", given(good, short, now=NOW + 59), who)
    made.refuse("under a charter that has expired", given(good, short, now=NOW + 60), "charter-expired")
    _add_duties(made, cast, given)
    strangers = cast.zone(named("Cards"), members=CUSTODIANS)
    made.refuse(
        "another zone of the same people",
        given(cast.hold_drill(AMS.node, strangers)),
        "not-pinned",
        desk="other-party",
    )


def _add_duties(made: Book, cast: Deployment, given: Callable[..., Given]) -> None:
    """People with something to do on both sides: for the provider's HSMs and in the zone."""
    who = [one.id for one in (EMIL, FAY)]
    watching = rule("key.generate/v1", (1, "auditor"))
    ada = replace(ADA, organisation=MERIDIAN)
    eve = alias(ada.with_roles(Role.KEY_MANAGER), "Eve")
    for name, extra, rules, apart in (
        ("manages its keys", ada.with_roles(Role.KEY_MANAGER), (), False),
        ("holds a share", ada.with_roles(Role.CUSTODIAN), (), False),
        ("manages its keys under another id", eve, (), False),
        ("looks on and signs for something", ADA.with_roles(Role.AUDITOR), (watching,), False),
        ("looks on", ADA.with_roles(Role.AUDITOR), (), True),
    ):
        drill = rule(DRILL, (2, "key-manager"))
        members = (extra, *CUSTODIANS)
        plain = cast.zone(members=members).current.model_copy(update={"rules": (drill, *rules)})
        zone = Chain.founded(plain, members)
        put = given(cast.hold_drill(AMS.node, zone), zone)
        if apart:
            made.accept(f"an administrator of the HSM {name}", put, who)
        else:
            made.refuse(f"an administrator of the HSM {name}", put, "separation")
    for operation, apart in (("node.enrol/v1", False), ("charter.amend/v1", True)):
        other = Deployment(now=NOW)
        fay = FAY.with_roles(Role.AUDITOR)
        members = (ADA, BEN, CLEO, fay)
        provider = make_charter(
            members,
            rule(operation, (2, "hands")),
            kind=AuthorityKind.PROVIDER,
            authority=NORTHGATE,
            groups={"hands": [ADA, fay]},
        )
        other.northgate = Chain.founded(provider, members)
        zone = other.zone(members=CUSTODIANS)
        put = given(other.hold_drill(AMS.node, zone), zone, other.northgate)
        if apart:
            made.accept("a key manager amends the provider's charter", put, who)
        else:
            made.refuse("a key manager is of a group that enrols nodes", put, "separation")
