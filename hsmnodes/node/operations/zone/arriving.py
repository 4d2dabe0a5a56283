"""Keys that come from another node of the zone: in a backup that it signed, each proved before it stays."""

from collections.abc import Mapping, Sequence
from typing import Any

from hsmnodes.node.drivers.base import Driver
from hsmnodes.node.drivers.errors import ObjectExists
from hsmnodes.node.drivers.values import WrappedKey
from hsmnodes.node.operations.backup.enclosed import batches, wrapped_keys
from hsmnodes.node.operations.holdings import Holdings, Key
from hsmnodes.node.operations.said import MOST_DESTROYED
from hsmnodes.node.protocol.backups import Backup
from hsmnodes.node.protocol.documents.backups import BackedUpKey
from hsmnodes.node.protocol.documents.proposal import NodeAt, Proposal
from hsmnodes.node.protocol.errors import ProposalRefused

TOLD_BESIDE_LABEL, TOLD_OF_DESTROYED, LONGEST_TOLD = 200, 60, 4_600_000
"""Bytes that a receipt takes for a key beside its label, for one that is no more, and has for all of them."""

TITLES = {
    "keys": "Keys",
    "id": "Key id",
    "label": "Key",
    "algorithm": "Algorithm",
    "kcv": "Check value",
    "proposal": "Made by proposal",
    "usages": "May",
}


def check_comes_from(backup: Backup, proposal: Proposal, sender: NodeAt, zone: str) -> None:
    """Raise ProposalRefused unless a node took this backup of the zone under this very proposal."""
    manifest = backup.manifest
    said = (manifest.deployment, manifest.proposal, manifest.node.id, manifest.zone.id)
    if said != (proposal.deployment, proposal.proposal, sender.id, zone):
        raise ProposalRefused("other-backup", "The keys come from another node, zone or proposal.")


def check_are_new(backup: Backup | None, holdings: Holdings, zone: str) -> None:
    """Raise ProposalRefused if a key has the id of one that is known here as another zone's."""
    for key in backup.keys if backup is not None else ():
        known = holdings.keys.get(key.id)
        if known is not None and known.zone != zone:
            raise ProposalRefused("other-zone", f"The key {key.label} has the id of a key of another zone.")


def check_destroyed(
    destroyed: Sequence[Mapping[str, str]], backup: Backup | None, holdings: Holdings, zone: str
) -> None:
    """Raise ProposalRefused if what is said to be destroyed arrives as well, or is another zone's key."""
    keys = backup.keys if backup is not None else ()
    ids, labels = {key.id for key in keys}, {key.label.casefold() for key in keys}
    for gone in destroyed:
        known = holdings.keys.get(gone["id"])
        if known is not None and known.zone != zone:
            raise ProposalRefused("other-zone", f"The key {gone['label']} has the id of one of another zone.")
        if gone["id"] in ids or gone["label"].casefold() in labels:
            raise ProposalRefused("other-key", f"The key {gone['label']} was destroyed, and yet one arrives.")


def check_can_be_told(keys: Sequence[Key], destroyed: Sequence[Key]) -> None:
    """Raise ProposalRefused if there are more keys than a receipt has room to name."""
    told = sum(len(key.label.encode()) + TOLD_BESIDE_LABEL for key in keys)
    told += sum(len(key.label.encode()) + TOLD_OF_DESTROYED for key in destroyed)
    if told > LONGEST_TOLD or len(destroyed) > MOST_DESTROYED:
        raise ProposalRefused("too-many", "The zone has, or had, more keys than can be told of at once.")


def bring_keys(driver: Driver, backup: Backup, backup_key: bytes) -> None:
    """Have every key of a backup in the token, whatever an interrupted attempt left. Raises DriverError."""
    for several in batches(list(wrapped_keys(backup).values())):
        try:
            driver.unwrap_keys(several, backup_key)
        except ObjectExists:
            for key in several:
                _bring(driver, key, backup_key)


def _bring(driver: Driver, key: WrappedKey, backup_key: bytes) -> None:
    found = driver.find_key(key.spec.key_id)
    if found is not None and found.complete:
        if (found.label, found.algorithm, found.usages) != (
            key.spec.label,
            key.spec.algorithm,
            key.spec.usages,
        ):
            raise ObjectExists("another key has the id of one that arrives")
        return
    if found is not None:
        driver.destroy_key(key.spec.key_id)
    driver.unwrap_key(key, backup_key)


def described(keys: Sequence[BackedUpKey]) -> list[dict[str, Any]]:
    """What a receipt says of keys that arrived."""
    return [
        {
            "id": key.id,
            "label": key.label,
            "algorithm": key.algorithm,
            "kcv": key.check_value,
            "proposal": key.proposal,
            "usages": list(key.usages),
        }
        for key in keys
    ]


def described_destroyed(keys: Sequence[Key]) -> list[dict[str, str]]:
    """What a receipt says of keys that are no more: their labels are not given again."""
    return [{"id": key.id, "label": key.label} for key in keys]


def note_keys(zone: str, described_keys: Sequence[dict[str, Any]], holdings: Holdings) -> None:
    """Note the keys that a receipt says have arrived."""
    for key in described_keys:
        holdings.add_key(
            Key(
                key["id"],
                key["label"],
                zone,
                key["algorithm"],
                proposal=key["proposal"],
                kcv=key["kcv"],
                usages=tuple(key.get("usages", ())),
            )
        )
