"""Charters that have lost too many tokens, and ways to try to recover them."""

from collections.abc import Callable, Sequence
from typing import Any

from hsmnodes.node.protocol.canonical import b64u, b64u_decode
from hsmnodes.node.protocol.documents import (
    Charter,
    CharterLink,
    Clause,
    OtherSide,
    Proposal,
    Recovery,
    Role,
    SideChain,
    Warrant,
)
from hsmnodes.node.protocol.purposes import Purpose
from hsmnodes.node.protocol.recovery import RECOVER, authorities_of, parameters_of
from tests.cast.charters import Chain
from tests.cast.deployment import Deployment
from tests.cast.ids import make_id
from tests.cast.people import ADA, BEN, DINA, GUS, HANA, IVO, JON, KIM, LEA, NORTHGATE, OLGA, Member
from tests.cast.signing import cancel, changed, make_proposal, make_warrant, reject
from tests.hsmnodes.node.protocol.amending import MIA, NORA, PEOPLE, alias, amend_rule, in_order
from tests.hsmnodes.node.protocol.making import AMEND, NOW, make_charter, rule

DAY = 86_400
WAITED = NOW + 7 * DAY
PROVIDER = Deployment(now=NOW).northgate
LUMEN = Deployment(now=NOW).lumen
EVERYONE = (*PEOPLE, JON, KIM)
NORTHGATES = (GUS, JON, KIM, NORA)
"""Who signs a recovery of Meridian Bank: who is left, the other side, and a newcomer."""


def clause(m: int, role: Role) -> Clause:
    """M people of a role."""
    return Clause(role=role, group=None, m=m)


def other_side(charter: Charter) -> OtherSide:
    """How a recovery clause names an authority by a version of its charter."""
    authority = charter.authority
    return OtherSide(kind=authority.kind, id=authority.id, name=authority.name, charter=charter.sha256)


def recovery_with(*sides: Charter, m: int = 1, days: int = 7, role: Role = Role.SECURITY_OFFICER) -> Recovery:
    """A recovery clause."""
    return Recovery(clauses=(clause(m, role),), days=days, others=tuple(map(other_side, sides)))


def meridian(*, provider: Chain = PROVIDER, m: int = 1, **changes: Any) -> Chain:
    """Meridian Bank, whose amendments take two of three officers, and whose recovery takes one."""
    clauses = {"recovery": recovery_with(provider.current, m=m)} | changes
    return Chain.founded(make_charter(PEOPLE, *amend_rule(2), **clauses), PEOPLE)


CHAIN = meridian()


def in_place_of_lea_and_mia(chain: Chain = CHAIN, **changes: Any) -> Charter:
    """Lea and Mia have lost their tokens; Nora comes in their place."""
    left = [one for one in PEOPLE if one not in (LEA, MIA)]
    people = in_order(one.person() for one in (*left, NORA))
    return chain.next_version(**({"people": people} | changes))


def side_of(chain: Chain, *, anchor: int = 0) -> SideChain:
    """The charter of another side with what has followed on the version at this place."""
    first, *_ = chain.charters[anchor:]
    links = chain.links[anchor + 1 :]
    return SideChain(charter=b64u(first.raw), links=tuple(b64u(one.raw) for one in links))


def recover(
    new: Charter | None = None,
    *,
    chain: Chain = CHAIN,
    others: Sequence[Chain] = (PROVIDER,),
    requester: Member = HANA,
    approvers: Sequence[Member] = NORTHGATES,
    newcomers: Sequence[Member] = (NORA,),
    parameters: dict[str, Any] | None = None,
    sides: Sequence[SideChain] | None = None,
    signed: Callable[[Any], dict[str, Any]] | None = None,
    now: int = NOW,
    **changes: Any,
) -> CharterLink:
    """The link by which `new` is to recover the chain's last version.

    `parameters` and `changes` alter its proposal, `signed` its warrant, given the proposal.
    """
    new = new or in_place_of_lea_and_mia(chain)
    current, charters = chain.current, [one.current for one in others]
    proposal = make_proposal(
        RECOVER,
        parameters_of(current, new) | (parameters or {}),
        authorities=authorities_of((current, *charters)),
        nodes=[],
        requester=requester,
        now=now,
        previous=current.sha256,
        proposal=make_id("recovery"),
    )
    proposal = changed(proposal, **changes)
    warrant = make_warrant(proposal, requester, approvers)
    if signed is not None:
        warrant = warrant.model_copy(update=signed(proposal))
    return CharterLink(
        charter=b64u(new.raw),
        possession=tuple(one.key.sign(Purpose.FOUND, new.raw) for one in newcomers),
        sides=tuple(map(side_of, others)) if sides is None else tuple(sides) or None,
        warrant=b64u(warrant.raw),
    )


def _zone() -> tuple[Chain, Deployment]:
    """A zone of Meridian Bank's key managers, which one of them recovers with both organisations."""
    cast = Deployment(now=NOW)
    clauses = recovery_with(cast.meridian.current, cast.northgate.current, role=Role.KEY_MANAGER)
    return cast.zone(recovery=clauses), cast


def zone_recovered(approvers: Sequence[Member] | None = None) -> tuple[Chain, CharterLink]:
    """Emil and Fay are lost; Dina is left, and Mia comes to manage keys."""
    chain, cast = _zone()
    mia = MIA.with_roles(Role.KEY_MANAGER)
    new = chain.next_version(people=in_order([DINA.person(), mia.person(), *_two_more(mia)]))
    sides = (cast.meridian, cast.northgate)
    signers = approvers if approvers is not None else (DINA, GUS, LEA, JON, KIM, mia)
    return chain, recover(
        new, chain=chain, others=sides, approvers=signers, newcomers=(mia, *_MANAGERS), requester=HANA
    )


_MANAGERS = (NORA.with_roles(Role.KEY_MANAGER),)


def _two_more(_mia: Member) -> list[Any]:
    return [one.person() for one in _MANAGERS]


def provider_recovered() -> tuple[Chain, CharterLink]:
    """Kim is lost, and Jon alone is left; Lumen Health, which the provider chose, consents."""
    people = Deployment(now=NOW).northgate.members
    charter = make_charter(
        people,
        rule(AMEND, (2, "security-officer")),
        kind=PROVIDER.current.authority.kind,
        authority=NORTHGATE,
        recovery=recovery_with(LUMEN.current),
    )
    chain = Chain.founded(charter, people)
    lars = Member("Lars", NORTHGATE, (Role.SECURITY_OFFICER,))
    staying = [one.person() for one in people if one != KIM]
    new = chain.next_version(people=in_order([*staying, lars.person()]))
    return chain, recover(
        new, chain=chain, others=(LUMEN,), requester=ADA, approvers=(JON, IVO, OLGA, lars), newcomers=(lars,)
    )


def later_provider() -> Chain:
    """Northgate, which has amended its charter since the clause named it: Kim has left, Ben is an officer."""
    chain = Deployment(now=NOW).northgate
    ben = BEN.with_roles(Role.SECURITY_OFFICER)
    people = in_order(ben.person() if one.id == BEN.id else one for one in chain.current.people)
    chain.amend(requester=ADA, approvers=(JON, KIM), now=NOW, people=people)
    return chain


def as_amended() -> tuple[Chain, CharterLink]:
    """The other side's later version, by which Ben consents, comes with the recovery."""
    provider = later_provider()
    return CHAIN, recover(others=(provider,), approvers=(GUS, JON, BEN, NORA))


def by_stale_sides() -> tuple[Chain, CharterLink]:
    """The proposal names the later version, and only the earlier comes along."""
    provider = later_provider()
    return CHAIN, recover(others=(provider,), approvers=(GUS, JON, KIM, NORA), sides=[side_of(PROVIDER)])


def weaker(**changes: Any) -> CharterLink:
    """A recovery that would also change what its people agreed on."""
    return recover(in_place_of_lea_and_mia(**changes))


def one_human() -> tuple[Chain, CharterLink]:
    """Jon's token is in the provider's charter, and under another id in that which is recovered."""
    jonas = alias(JON, "Jonas")
    officer = Member("Jonas", GUS.organisation, (Role.SECURITY_OFFICER,))
    officer.__dict__["key"] = jonas.key
    people = (*PEOPLE, officer)
    clauses = {"recovery": recovery_with(PROVIDER.current)}
    chain = Chain.founded(make_charter(people, *amend_rule(2), **clauses), people)
    new = chain.next_version(people=in_order(one.person() for one in (*people, NORA)))
    return chain, recover(new, chain=chain, approvers=(officer, KIM, NORA, JON))


def by_a_side_valid(**validity: int) -> tuple[Chain, CharterLink]:
    """The provider amends how long its charter is valid, and consents by that."""
    provider = Deployment(now=NOW).northgate
    provider.amend(requester=ADA, approvers=(JON, KIM), now=NOW, **validity)
    return CHAIN, recover(others=(provider,))


_PROPOSED = Proposal.from_bytes(Warrant.from_bytes(b64u_decode(recover().warrant)).proposal_bytes)
BEGINS, ENDS = _PROPOSED.not_before, _PROPOSED.expires_at
"""When a proposal that is made at NOW begins, and when it expires."""
RULE_OF_ONE = recovery_with(PROVIDER.current, days=90)
WITHOUT = Chain.founded(make_charter(PEOPLE, *amend_rule(2)), PEOPLE)
OF_TWO = meridian(m=2)

RECOVERED: dict[str, Callable[[], tuple[Chain, CharterLink]]] = {
    "by one who is left, two of the other side and a newcomer": lambda: (CHAIN, recover()),
    "requested by the other side": lambda: (
        CHAIN,
        recover(requester=ADA),
    ),
    "consented to by a later version of the other side": as_amended,
    "of a zone, with both organisations": zone_recovered,
    "of a provider, with the customer that it named": provider_recovered,
    "by a side whose charter is valid for one second of the proposal's time": lambda: by_a_side_valid(
        valid_until=BEGINS + 1
    ),
    "by a side whose charter becomes valid in the last second of the proposal's time": (
        lambda: by_a_side_valid(valid_from=ENDS - 1)
    ),
    "as valid as any": lambda: (
        CHAIN,
        recover(in_place_of_lea_and_mia(valid_until=NOW + 300 * DAY)),
    ),
}

NOT_RECOVERED: dict[str, tuple[Callable[[], CharterLink | tuple[Chain, CharterLink]], str]] = {
    "the charter has no clause": (
        lambda: (
            WITHOUT,
            recover(in_place_of_lea_and_mia(WITHOUT), chain=WITHOUT, sides=[side_of(PROVIDER)]),
        ),
        "no-recovery",
    ),
    "nobody of the charter has signed": (
        lambda: recover(approvers=(JON, KIM, NORA)),
        "not-authorised-old",
    ),
    "the other side has not signed": (lambda: recover(approvers=(GUS, NORA)), "not-authorised-old"),
    "one alone of the other side has signed": (
        lambda: recover(approvers=(GUS, JON, NORA)),
        "not-authorised-old",
    ),
    "people without a say have signed for the other side": (
        lambda: recover(approvers=(GUS, ADA, BEN, NORA)),
        "not-authorised-old",
    ),
    "the clause takes two and one has signed": (
        lambda: (OF_TWO, recover(chain=OF_TWO)),
        "not-authorised-old",
    ),
    "the one who is left requests it": (
        lambda: recover(requester=GUS),
        "not-authorised-old",
    ),
    "a stranger requests it": (lambda: recover(requester=IVO), "not-authorised-old"),
    "the newcomers have not signed": (lambda: recover(approvers=(GUS, JON, KIM)), "not-authorised-new"),
    "who is lost fills the new version's seat": (
        lambda: recover(approvers=(GUS, JON, KIM, LEA)),
        "not-authorised-new",
    ),
    "a newcomer has not proved her token": (lambda: recover(newcomers=()), "not-proved"),
    "rules would become weaker": (lambda: weaker(rules=amend_rule(2)[:1]), "changes-more"),
    "the clause itself would become weaker": (
        lambda: weaker(recovery=RULE_OF_ONE),
        "changes-more",
    ),
    "the clause would go": (lambda: weaker(recovery=None), "changes-more"),
    "tokens that can be synced would be let in": (
        lambda: weaker(token_rules={"backup_eligible": "allowed"}),
        "changes-more",
    ),
    "the other side's charter does not come along": (lambda: recover(sides=[]), "side-missing"),
    "another side's charter comes along": (lambda: recover(sides=[side_of(LUMEN)]), "other-side"),
    "another side consents": (
        lambda: recover(others=(LUMEN,), approvers=(GUS, IVO, OLGA, NORA), sides=[side_of(PROVIDER)]),
        "not-authorised-old",
    ),
    "an earlier charter of the other side comes along than it names": (by_stale_sides, "not-authorised-old"),
    "it says other days than the clause": (
        lambda: recover(parameters={"days": 8}),
        "not-authorised-old",
    ),
    "it is of another version": (lambda: recover(parameters={"version": 3}), "not-authorised-old"),
    "it follows on another version": (lambda: recover(previous="0" * 64), "not-authorised-old"),
    "the other side's charter expires as it is proposed": (
        lambda: by_a_side_valid(valid_until=BEGINS),
        "not-authorised-old",
    ),
    "the other side's charter is not valid before the proposal expires": (
        lambda: by_a_side_valid(valid_from=ENDS),
        "not-authorised-old",
    ),
    "somebody who is left cancelled it": (
        lambda: recover(signed=lambda one: {"cancellations": (cancel(one, HANA, at=NOW),)}),
        "not-authorised-old",
    ),
    "the other side rejected it": (
        lambda: recover(signed=lambda one: {"rejections": (reject(one, KIM, at=NOW),)}),
        "not-authorised-old",
    ),
    "a zone's key manager recovers it with the provider alone": (
        lambda: zone_recovered((DINA, JON, KIM, MIA.with_roles(Role.KEY_MANAGER))),
        "not-authorised-old",
    ),
    "one human signs for both sides": (
        one_human,
        "not-authorised-old",
    ),
}


def provider_with(**members: Any) -> Chain:
    """Northgate, whose rule for amendments has these members too."""
    people = Deployment(now=NOW).northgate.members
    asked = rule(AMEND, (2, "security-officer"), **members)
    kind = PROVIDER.current.authority.kind
    return Chain.founded(make_charter(people, asked, kind=kind, authority=NORTHGATE), people)


def _with_known(*amended: int, consents_by: int = 1) -> tuple[Chain, CharterLink, Chain]:
    """A recovery to which the provider consents by one version of its chain, and that chain.

    `amended` says for each later version how many seconds before the recovery began its proposal expired.
    """
    provider = provider_with(delay=DAY)
    known = Chain(provider.members, [*provider.charters], [*provider.links])
    for days, ago in enumerate(amended, start=1):
        at = NOW - (ENDS - BEGINS) - ago
        until = provider.current.valid_until - days * DAY
        known.amend(requester=ADA, approvers=(JON, KIM), now=at, valid_until=until)
    side = Chain(known.members, known.charters[:consents_by], known.links[:consents_by])
    chain = meridian(provider=provider)
    return chain, recover(chain=chain, others=(side,)), known


def _ahead() -> tuple[Chain, CharterLink, Chain]:
    chain, link, known = _with_known(2 * DAY, consents_by=2)
    return chain, link, Chain(known.members, known.charters[:1], known.links[:1])


def _beside() -> tuple[Chain, CharterLink, Chain]:
    chain, link, _ = _with_known(2 * DAY, consents_by=2)
    known = provider_with(delay=DAY)
    at, until = NOW - (ENDS - BEGINS) - 3 * DAY, known.current.valid_until - 5 * DAY
    known.amend(requester=ADA, approvers=(JON, KIM), now=at, valid_until=until)
    return chain, link, known


KNOWN_SIDES: dict[str, tuple[Callable[[], tuple[Chain, CharterLink, Chain]], str | None]] = {
    "the side consents by the last version that is known": (
        lambda: _with_known(2 * DAY, consents_by=2),
        None,
    ),
    "the side consents by the only version": (_with_known, None),
    "the side may have amended while the recovery was proposed": (lambda: _with_known(0), None),
    "the side's amendment could wait for one second more": (lambda: _with_known(DAY - 1), None),
    "the side had amended just before it was proposed": (lambda: _with_known(DAY), "side-replaced"),
    "the side had amended long before, and again since": (lambda: _with_known(9 * DAY, 0), "side-replaced"),
    "the side consents by a version that is not known": (_ahead, "side-unknown"),
    "the side consents by another version than is known": (_beside, "other-side"),
}
"""By what becomes of them: recoveries, and what is known of the chain of the other side."""
