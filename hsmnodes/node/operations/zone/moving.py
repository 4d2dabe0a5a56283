"""What steps that move a backup key from node to node have in common: the box, and what it is bound to.

The node that is to have it offers a one-time key in its receipt; the one that has it seals it to that, after
its own verification of warrant, receipt and enrolment. What the box is for is in its HPKE context: the
proposal, the two nodes with their identity keys, the zone, and the key itself.
"""

from collections.abc import Mapping
from typing import Any

from hsmnodes.node.operations.base import Request, Result
from hsmnodes.node.operations.context import BackupKey, Hands, SealedKey
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.canonical import JSON
from hsmnodes.node.protocol.documents.base import LONGEST_LIFETIME
from hsmnodes.node.protocol.documents.node import Receipt
from hsmnodes.node.protocol.documents.proposal import NodeAt
from hsmnodes.node.protocol.errors import DocumentRefused, ProposalRefused

BOX_NAME = "backup-key"
"""How the names of the boxes begin in which a backup key travels."""

OFFER, SEND, INSTALL = "offer", "send", "install"
GOOD_FOR = LONGEST_LIFETIME
"""Seconds from an offer within which the key must have arrived: a later one could be of a state long gone."""


def context(
    request: Request[Any], zone: str, key: BackupKey, *, sender: NodeAt, receiver: NodeAt
) -> Mapping[str, JSON]:
    """What a backup key is sealed for."""
    return {
        "type": "quorate/moving-backup-key/v1",
        "deployment": request.proposal.deployment,
        "proposal": request.proposal.sha256,
        "zone": zone,
        "backup_key": {"kind": key.kind, "epoch": key.epoch, "kcv": key.kcv, "id": key.id},
        "sender": {"id": sender.id, "identity": sender.identity},
        "receiver": {"id": receiver.id, "identity": receiver.identity},
    }


def offer(request: Request[Any], hands: Hands) -> Result:
    """Offer a one-time key for the proposal."""
    key = canonical.b64u(hands.offer_key(request.proposal.proposal))
    return Result("A one-time key is offered for the backup key.", {"one_time_key": key})


def check_in_time(offer: Receipt, now: int) -> None:
    """Raise ProposalRefused if a node offered its one-time key too long ago."""
    if now >= offer.at + GOOD_FOR:
        raise ProposalRefused("offer-expired", f"The offer of {offer.node.name} is too old: propose it anew.")


def one_time_key(offer: Receipt) -> bytes:
    """The one-time key that a node offers in its receipt (X25519, 32 bytes). Raises ProposalRefused."""
    try:
        key = canonical.b64u_decode(str(offer.results.get("one_time_key")))
    except DocumentRefused:
        key = b""
    if len(key) != 32:
        raise ProposalRefused("earlier-steps", f"{offer.node.name} has offered no one-time key.")
    return key


def described(key: BackupKey) -> dict[str, Any]:
    """What a receipt says of a backup key."""
    return {"kind": key.kind, "epoch": key.epoch, "kcv": key.kcv, "id": key.id}


def sealed_key(
    request: Request[Any], sent: Receipt, digest: str, *, zone: str, sender: NodeAt, receiver: NodeAt
) -> tuple[SealedKey, BackupKey]:
    """The box with this SHA-256 that came, and the key that `sent` says is in it."""
    key = BackupKey(**sent.results["backup_key"])
    bound_to = context(request, zone, key, sender=sender, receiver=receiver)
    return SealedKey(request.enclosures[digest], bound_to), key
