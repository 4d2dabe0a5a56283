"""Custody: a backup key split into shares, each sealed to the token of one custodian.

Pure but for the randomness it is given. A share set is published by its commitments: to the key, the same for
every set of one epoch, and to each share. They say nothing about the key, and tell a share that was altered.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents.base import Named
from hsmnodes.node.protocol.documents.shares import KeyShare
from hsmnodes.node.protocol.errors import ShareRefused
from hsmnodes.node.protocol.sealing import open_sealed, seal
from hsmnodes.node.protocol.sharing import Draw, Share, commit, rebuild, split


@dataclass(frozen=True)
class Custodian:
    """Who gets a share: a person, and the share key of one of their tokens (X25519, 32 bytes)."""

    person: Named
    credential_id: str
    share_key: bytes


@dataclass(frozen=True)
class KeyAtStake:
    """Which backup key it is: of which zone, anchored in which founding charters, its kind, epoch and KCV."""

    deployment: str
    demo: bool
    zone: Named
    provider_founding: str
    zone_founding: str
    backup_key: Literal["MBK", "TBK"]
    epoch: int
    kcv: str

    def commitment(self, key: bytes) -> str:
        """The commitment to the key itself, the same for every share set of its epoch."""
        return commitment_to(key, deployment=self.deployment, zone=self.zone.id, epoch=self.epoch)

    def share_commitment(self, share_set: int, share: Share) -> str:
        """The commitment to one share."""
        return commit(share.value, self._context(share_set, share.index))

    def rebuild(self, shares: Sequence[Share], *, threshold: int, commitment: str) -> bytes:
        """The key that the shares make, if it is the committed one. Raises ShareRefused."""
        return rebuild(shares, threshold=threshold, commitment=commitment, context=self._context())

    def _context(self, *of_share: int) -> bytes:
        return canonical.encode([self.deployment, self.zone.id, self.epoch, *of_share])


def commitment_to(key: bytes, *, deployment: str, zone: str, epoch: int) -> str:
    """The commitment to a backup key of a zone (by its id): SHA-256 in hexadecimal."""
    return commit(key, canonical.encode([deployment, zone, epoch]))


@dataclass(frozen=True)
class Box:
    """A sealed share: whose, and what is published of it."""

    index: int
    custodian: Custodian
    commitment: str
    sealed: bytes = field(repr=False)


@dataclass(frozen=True)
class ShareSet:
    """A key split among custodians: any `threshold` of the boxes hold shares that rebuild it."""

    number: int
    threshold: int
    commitment: str
    boxes: tuple[Box, ...]


def share_out(
    at_stake: KeyAtStake,
    key: bytes,
    custodians: Sequence[Custodian],
    *,
    number: int,
    threshold: int,
    draw: Draw,
) -> ShareSet:
    """Split `key` among `custodians`, in their order, as share set `number`. Raises ShareRefused."""
    commitment = at_stake.commitment(key)
    shares = split(key, threshold=threshold, count=len(custodians), draw=draw)
    boxes = []
    for share, custodian in zip(shares, custodians, strict=True):
        document = KeyShare(
            deployment=at_stake.deployment,
            demo=at_stake.demo,
            zone=at_stake.zone,
            provider_founding=at_stake.provider_founding,
            zone_founding=at_stake.zone_founding,
            backup_key=at_stake.backup_key,
            epoch=at_stake.epoch,
            share_set=number,
            threshold=threshold,
            count=len(custodians),
            index=share.index,
            kcv=at_stake.kcv,
            commitment=commitment,
            custodian=custodian.person,
            credential_id=custodian.credential_id,
            value=canonical.b64u(share.value),
        )
        sealed = seal(document.raw, custodian.share_key, box_context(document))
        boxes.append(Box(share.index, custodian, at_stake.share_commitment(number, share), sealed))
    return ShareSet(number, threshold, commitment, tuple(boxes))


def box_context(share: KeyShare) -> dict[str, canonical.JSON]:
    """The context in which a share is sealed: a box opens as this one share alone."""
    return {
        "purpose": "quorate/sealed-share/v1",
        "deployment": share.deployment,
        "zone": share.zone.id,
        "epoch": share.epoch,
        "share_set": share.share_set,
        "index": share.index,
        "credential_id": share.credential_id,
    }


def open_box(sealed: bytes, private_key: bytes, context: dict[str, canonical.JSON]) -> KeyShare:
    """The share in a box. Raises ShareRefused if it is not the share that the context speaks of."""
    share = KeyShare.from_bytes(open_sealed(sealed, private_key, context))
    if box_context(share) != context:
        raise ShareRefused("other-share", "The box holds another share than it says.")
    return share
