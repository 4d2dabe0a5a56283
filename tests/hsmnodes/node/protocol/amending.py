"""The charter that the tests of founding and amending try to change, and ways to try."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hsmnodes.node.protocol.canonical import b64u, b64u_decode
from hsmnodes.node.protocol.documents import Charter, CharterLink, Person, Proposal, Role, Warrant
from hsmnodes.node.protocol.purposes import Purpose
from tests.cast.charters import Chain
from tests.cast.people import CUSTOMER_PEOPLE, GUS, HANA, LEA, MERIDIAN, Member
from tests.cast.signing import changed, make_warrant
from tests.cast.tokens import SoftwareToken
from tests.hsmnodes.node.protocol.making import AMEND, GENERATE, NOW, make_charter, rule

MIA = Member("Mia", MERIDIAN, (Role.SECURITY_OFFICER,))
NORA = Member("Nora", MERIDIAN, (Role.SECURITY_OFFICER,))
PEOPLE = (*CUSTOMER_PEOPLE, MIA)


def amend_rule(m: int) -> tuple:
    """The rules of the charter with M security officers for an amendment."""
    return rule(AMEND, (m, "security-officer")), rule(GENERATE, (2, "key-manager"))


def chain_with(m: int = 2, **changes: Any) -> Chain:
    """A founded charter whose amendments take M of its security officers Gus, Lea and Mia."""
    return Chain.founded(make_charter(PEOPLE, *amend_rule(m), **changes), PEOPLE)


CHAIN = chain_with()
CURRENT = CHAIN.current


def with_people(*members: Member, **changes: Any) -> Charter:
    """The next version with these people in place of those it has."""
    return CHAIN.next_version(people=in_order(one.person() for one in members), **changes)


def in_order(people: Any) -> tuple[Person, ...]:
    """People as a charter lists them."""
    return tuple(sorted(people, key=lambda one: one.id))


def but(*left: Member) -> tuple[Member, ...]:
    """Everyone of the charter but these."""
    return tuple(one for one in PEOPLE if one not in left)


def link(
    new: Charter,
    *,
    chain: Chain = CHAIN,
    requester: Member = HANA,
    approvers: Sequence[Member] = (GUS, LEA),
    newcomers: Sequence[Member] = (),
    signed: dict[str, Any] | None = None,
    **changes: Any,
) -> CharterLink:
    """The link from the chain's last version to `new`; `changes` alter its proposal, `signed` its warrant."""
    right = chain.link_to(new, requester=requester, approvers=approvers, newcomers=newcomers, now=NOW)
    warrant = Warrant.from_bytes(b64u_decode(right.warrant))
    proposal = changed(Proposal.from_bytes(warrant.proposal_bytes), **changes)
    other = make_warrant(proposal, requester, approvers).model_copy(update=signed or {})
    return right.model_copy(update={"warrant": b64u(other.raw)})


def proposal_of(made: CharterLink) -> Proposal:
    """The proposal in a link's warrant."""
    return Proposal.from_bytes(Warrant.from_bytes(b64u_decode(made.warrant)).proposal_bytes)


def possessed(new: Charter, *members: Member, purpose: Purpose = Purpose.FOUND) -> dict[str, Any]:
    """The possession part of a link, signed by these."""
    return {"possession": tuple(one.key.sign(purpose, new.raw) for one in members)}


def alias(member: Member, name: str, key: SoftwareToken | None = None) -> Member:
    """A person of this name, with the very token of `member` or the one given."""
    other = replace(member, name=name)
    other.__dict__["key"] = key or member.key
    return other
