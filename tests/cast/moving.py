"""Warrants that move a zone between nodes: Cleo proposes, Ada and Ben approve, Dina and Emil for the zone."""

from hsmnodes.node.protocol.documents import Named, Proposal, Warrant
from tests.cast.charters import Chain
from tests.cast.deployment import PAYMENTS_SLOT, Deployment, NodeOfCast
from tests.cast.people import ADA, BEN, CLEO, DINA, EMIL, FAY, named
from tests.cast.signing import make_warrant

FURTHER_SLOT = named("Slot 2")


def extend_zone(
    cast: Deployment,
    receiver: NodeOfCast,
    sender: NodeOfCast,
    zone: Chain,
    /,
    *,
    kcv: str,
    commitment: str,
    **changes,
) -> Warrant:
    """To extend a zone from `sender`, whose backup key this is, to `receiver`."""
    parameters = {
        "slot": FURTHER_SLOT.model_dump(),
        "zone": _named(zone),
        "service": zone.charters[0].zone.service.model_dump(),
        "zone_charter": zone.anchor,
        "backup_key": "TBK",
        "receiver": receiver.node.model_dump(),
        "sender": sender.node.model_dump(),
        "epoch": 1,
        "kcv": kcv,
        "commitment": commitment,
    } | changes
    evidence = [cast.found_zone(zone).raw]
    return _signed(cast, "zone.extend/v1", parameters, [receiver, sender], zone, evidence)


def withdraw_zone(
    cast: Deployment,
    keeper: NodeOfCast,
    left: NodeOfCast,
    zone: Chain,
    slot: Named = PAYMENTS_SLOT,
    **changes,
) -> Warrant:
    """To withdraw a zone from `left`, whose slot is `slot`, while `keeper` keeps it."""
    parameters = {
        "zone": _named(zone),
        "slot": slot.model_dump(),
        "left": left.node.model_dump(),
        "keeper": keeper.node.model_dump(),
    } | changes
    return _signed(cast, "zone.withdraw/v1", parameters, [keeper, left], zone)


def abandon(cast: Deployment, node: NodeOfCast, zone: Chain, warrant: Warrant, **changes) -> Warrant:
    """To abandon on a node what is left of a warrant of a zone's; Dina proposes, Emil and Fay approve."""
    abandoned = Proposal.from_bytes(warrant.proposal_bytes)
    parameters = {
        "abandoned": abandoned.proposal,
        "proposal_hash": abandoned.sha256,
        "operation": abandoned.operation,
        "customer": None,
        "zone": _named(zone),
    } | changes
    proposal = cast.propose("warrant.abandon/v1", parameters, [zone], [node], DINA)
    return make_warrant(proposal, DINA, (EMIL, FAY), evidence=[abandoned.raw])


def _signed(cast, tag, parameters, nodes, zone, evidence=()) -> Warrant:
    proposal = cast.propose(tag, parameters, [cast.northgate, zone], nodes, CLEO)
    return make_warrant(proposal, CLEO, (ADA, BEN, DINA, EMIL), evidence=evidence)


def _named(zone: Chain) -> dict[str, str]:
    return zone.current.authority.model_dump(include={"id", "name"})
