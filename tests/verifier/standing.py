"""A node that knows what a case gives it, and what its own code makes of warrants, enrolments, shares."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from hsmnodes.node.agent.config import Config, Pkcs11
from hsmnodes.node.agent.facts import Facts
from hsmnodes.node.agent.hearing import Hearing
from hsmnodes.node.agent.journal import Journal
from hsmnodes.node.agent.links import Chain, OfferedLink, check_delays, no_suspensions
from hsmnodes.node.agent.peers import learn_peer
from hsmnodes.node.agent.sides import check_sides
from hsmnodes.node.agent.verify import Verifier
from hsmnodes.node.agent.view import View
from hsmnodes.node.operations.holdings import Holdings, Service, ShareHolder, ShareSet, Slot
from hsmnodes.node.operations.node.enrol import Parameters as Enrolment
from hsmnodes.node.operations.node.enrol import operation as enrol_node
from hsmnodes.node.protocol import canonical, nodesigning
from hsmnodes.node.protocol.apart import check_apart
from hsmnodes.node.protocol.charters import verify_chain
from hsmnodes.node.protocol.contributions import contributed_context, open_contribution
from hsmnodes.node.protocol.documents import (
    AuthorityKind,
    Ceremony,
    Charter,
    KeyShare,
    Named,
    NodeSigned,
    Proposal,
    Warrant,
)
from hsmnodes.node.protocol.errors import Refused
from hsmnodes.node.protocol.identities import Identities
from hsmnodes.node.protocol.problems import delay_of
from hsmnodes.node.protocol.purposes import Purpose
from hsmnodes.node.protocol.quorum import Consent, Signatures, Verdict, evaluate
from hsmnodes.node.protocol.sealing import seal
from tests.cast.contributing import make_contribution
from tests.cast.ids import make_id
from tests.cast.people import CUSTODIANS, MERIDIAN, named

Given = Mapping[str, Any]
CLOCKS_MAY_DIFFER = 120
WITNESS = named("node that looks on")


def walked(
    links: Sequence[bytes],
    *,
    anchor: str,
    deployment: str,
    demo: bool,
    now: int,
    known: Mapping[str, Any] | None = None,
) -> Chain:
    """A chain as a node comes to pin it that knows one of another authority, if it does."""
    place = {"deployment": deployment, "demo": demo, "now": now}
    chains = {}
    if known is not None:
        other = walked(known["links"], anchor=known["anchor"], **place)
        chains[other.current.authority.kind, other.current.authority.id] = other
    offered = [OfferedLink.read(raw) for raw in links]
    for one in offered:
        one.check_in_force(closed=(), now=now)
        check_sides(chains, one, closed=(), now=now, suspended=no_suspensions)
    charters = verify_chain([one.link for one in offered], anchor=anchor, deployment=deployment, demo=demo)
    check_delays(charters, offered[1:], now=now)
    return Chain(charters, tuple(links))


def chain_in(given: Given, kind: str) -> Chain:
    """The chain of this kind in a case."""
    told = given[kind]
    place = {"deployment": given["deployment"], "demo": given["demo"], "now": given["now"]}
    return walked(told["links"], anchor=told["anchor"], **place)


def counted_in(verdict: Verdict, charters: Sequence[Charter]) -> list[str]:
    """The identities of those who sit in a seat. Raises Refused if it does not authorise."""
    if verdict.closed is not None:
        raise Refused("closed", verdict.closed.kind)
    if not verdict.authorised:
        code = verdict.problems[0].code if verdict.problems else "quorum-not-met"
        raise Refused(code, "It is not authorised.")
    identities = Identities(charters)
    return [identities.of(one.person.id) for one in verdict.counted]


def enrolled(given: Given) -> list[str]:
    """Whether a peer would take this enrolment."""
    provider = chain_in(given, "provider")
    return _enrolment(given["enrolment"], provider, given["deployment"], demo=given["demo"])[1]


def _enrolment(raw: bytes, provider: Chain, deployment: str, *, demo: bool) -> tuple[Enrolment, list[str]]:
    warrant = Warrant.from_bytes(raw)
    proposal = Proposal.from_bytes(warrant.proposal_bytes)
    config = _config(WITNESS, deployment, demo=demo)
    learn_peer(config, _facts(provider), warrant, proposal)
    wanted = enrol_node.read(proposal.parameters)
    charters = [
        one for one in provider.charters if one.version in {at.version for at in proposal.authorities}
    ]
    consent, at = enrol_node.consent_for(wanted), proposal.not_before
    verdict = evaluate(charters, proposal, Signatures.of(warrant), consent=consent, now=at)
    return wanted, counted_in(verdict, charters)


def warranted(given: Given) -> list[str]:
    """Whether the node would carry out this warrant."""
    provider, zone = chain_in(given, "provider"), chain_in(given, "zone")
    facts = _facts(provider, zone, identity=given["point"], holdings=_holdings(zone.current, None))
    config = _config(Named(**given["node"]), given["deployment"], demo=given["demo"])
    return _verified(given["warrant"], config, facts, now=given["now"])


def _verified(raw: bytes, config: Config, facts: Facts, *, now: int) -> list[str]:
    warrant = Warrant.from_bytes(raw)
    proposal = Proposal.from_bytes(warrant.proposal_bytes)
    # It was told at once: what nobody can have waited for longer.
    facts.announced[proposal.sha256] = announced = proposal.not_before
    view = View(config, facts, cast("Journal", None), cast("Hearing", None))
    found = Verifier(config, view).verify(warrant, proposal, step=0, offered=(), now=now)
    charters = list(found.request.charters.values())
    consent: Consent = found.operation.consent_for(found.request.parameters)
    return counted_in(
        evaluate(charters, proposal, Signatures.of(warrant), consent=consent, now=now, announced=announced),
        charters,
    )


def _config(node: Named, deployment: str, *, demo: bool) -> Config:
    return Config(
        deployment=deployment,
        demo=demo,
        provider_founding="0" * 64,
        node=node,
        pkcs11=Pkcs11(profile="softhsm2", module=Path("/nowhere")),
        state=Path("/nowhere"),
        broker="none",
    )


def _facts(provider: Chain, *more: Chain, identity: bytes = b"", holdings: Holdings | None = None) -> Facts:
    chains = {(one.current.authority.kind, one.current.authority.id): one for one in (provider, *more)}
    return Facts(
        identity=identity,
        provider=provider.current.authority.id,
        chains=chains,
        holdings=holdings or Holdings(enrolled=True),
    )


def _holdings(zone: Charter, share: KeyShare | None) -> Holdings:
    """What a node holds that has a slot of the zone, split once or as a share says."""
    holdings = Holdings(enrolled=True)
    authority = Named(id=zone.authority.id, name=zone.authority.name)
    service = named("service")
    holdings.add_service(Service(service.id, service.name, "shared", MERIDIAN))
    epoch, number = (share.epoch, share.share_set) if share else (1, 1)
    slot = Slot(
        id=make_id("slot"),
        name="Slot",
        zone=authority,
        service=service.id,
        backup_key="TBK",
        epoch=epoch,
        kcv="000000",
        backup_key_id=make_id("backup key"),
    )
    holdings.add_slot(slot, customer=MERIDIAN.id)
    holders = tuple(
        ShareHolder(place, Named(id=one.id, name=one.name), one.key.credential_id, "0" * 64)
        for place, one in enumerate(CUSTODIANS, start=1)
    )
    holdings.share_sets[authority.id] = ShareSet(number, epoch, 2, "0" * 64, holders)
    return holdings


def released(given: Given) -> list[str]:
    """Whether a share may be given: what the desk must verify, put together from the node's own checks."""
    share, now = KeyShare.from_bytes(given["share"]), given["now"]
    place = {"deployment": share.deployment, "demo": share.demo, "now": now}
    _refuse("other-deployment", share.deployment != given["deployment"])
    provider = walked(given["charters"]["provider"], anchor=share.provider_founding, **place)
    zone = walked(given["charters"]["zone"], anchor=share.zone_founding, **place)
    _check_zone(provider.current, zone.current, share, now)
    wanted, _ = _enrolment(given["enrolment"], provider, share.deployment, demo=share.demo)
    point = canonical.b64u_decode(wanted.identity)
    payload = nodesigning.verify(
        NodeSigned.from_bytes(given["ceremony"]),
        identity=point,
        purpose=Purpose.CEREMONY,
        node=wanted.node.id,
    )
    ceremony = Ceremony.from_bytes(payload)
    _refuse("other-node", ceremony.node != wanted.node)
    _check_share(ceremony, share)
    proposal = Proposal.from_bytes(Warrant.from_bytes(given["warrant"]).proposal_bytes)
    facts = _facts(provider, zone, identity=point, holdings=_holdings(zone.current, share))
    config = _config(wanted.node, share.deployment, demo=share.demo)
    counted = _verified(given["warrant"], config, facts, now=now)
    consenting = [facts.version_of(one) for one in proposal.authorities]
    check_apart(consenting, Warrant.from_bytes(given["warrant"]), [share.custodian.id])
    _check_proposal(ceremony, proposal, now, delay_of((provider.current, zone.current), proposal.operation))
    return counted


def _check_zone(provider: Charter, zone: Charter, share: KeyShare, now: int) -> None:
    kinds = (provider.authority.kind, zone.authority.kind)
    _refuse("other-authority", kinds != (AuthorityKind.PROVIDER, AuthorityKind.ZONE))
    _refuse("charter-not-yet", any(now < one.valid_from for one in (provider, zone)))
    _refuse("charter-expired", any(now >= one.valid_until for one in (provider, zone)))
    _refuse("other-zone", Named(id=zone.authority.id, name=zone.authority.name) != share.zone)
    authority = provider.authority
    _refuse(
        "other-provider",
        zone.zone is None or zone.zone.provider != Named(id=authority.id, name=authority.name),
    )


def _check_share(ceremony: Ceremony, share: KeyShare) -> None:
    """The node's own check of a share that is given to its ceremony, and what it need not ask of itself."""
    holder = ceremony.holders[share.index - 1] if share.index <= len(ceremony.holders) else None
    if holder is None:
        raise Refused("other-holder", "It has no such share.")
    contribution = make_contribution(
        ceremony,
        CUSTODIANS[0],
        index=holder.index,
        person=holder.custodian,
        credential_id=holder.credential_id,
    )
    key = X25519PrivateKey.from_private_bytes(bytes(range(32)))
    sealed = seal(share.raw, key.public_key().public_bytes_raw(), contributed_context(contribution))
    open_contribution(
        sealed, key.private_bytes_raw(), contribution=contribution, ceremony=ceremony, holder=holder
    )


def _check_proposal(ceremony: Ceremony, proposal: Proposal, now: int, delay: int) -> None:
    _refuse("gathers-nothing", proposal.operation != "backup-key.drill/v1")
    named_there = (ceremony.proposal, ceremony.proposal_hash, ceremony.operation, ceremony.step)
    _refuse("other-proposal", named_there != (proposal.proposal, proposal.sha256, proposal.operation, 0))
    _refuse("too-early", not proposal.not_before + delay <= ceremony.opened_at <= now + CLOCKS_MAY_DIFFER)
    _refuse("ceremony-over", not now < ceremony.expires_at <= proposal.expires_at + delay)


def _refuse(code: str, when: bool) -> None:
    if when:
        raise Refused(code, "It does not hold.")
