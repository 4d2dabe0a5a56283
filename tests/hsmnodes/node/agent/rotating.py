"""Rotating a backup key on a node of the tests, and looking at what there is of it afterwards."""

from collections.abc import Iterable, Sequence
from typing import Any

from hsmnodes.node.agent.messages import FromNode
from hsmnodes.node.operations.backup_key.identifiers import FIRST, backup_key_id
from hsmnodes.node.operations.holdings import Slot
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.backups import read_backup
from hsmnodes.node.protocol.custody import KeyAtStake
from hsmnodes.node.protocol.documents import KeyShare, Receipt, Warrant
from hsmnodes.node.protocol.sharing import Share
from tests.cast.charters import Chain
from tests.cast.deployment import Deployment
from tests.cast.people import CUSTODIANS, Member
from tests.hsmnodes.node.agent.making import Site


def slot_of(site: Site, zone: Chain) -> Slot:
    """The slot of a zone as the node knows it."""
    return site.facts.holdings.slots[zone.current.authority.id]


def stated_key(site: Site, zone: Chain) -> dict[str, str]:
    """What people sign of the backup key in force when a zone is extended: check value and commitment."""
    zones, zone_id = site.node.parts.zones, zone.current.authority.id
    commitment = zones.commitment(zone_id, zones.backup_key(zone_id))
    return {"kcv": slot_of(site, zone).kcv, "commitment": commitment}


def rotate_warrant(
    site: Site, cast: Deployment, zone: Chain, holders: Sequence[Member] = CUSTODIANS, **changes: Any
) -> Warrant:
    """A good warrant to rotate the backup key in force, but for `changes`."""
    slot, last = slot_of(site, zone), site.facts.holdings.share_sets.get(zone.current.authority.id)
    fitting = {
        "retired_kcv": slot.kcv,
        "epoch": slot.epoch + 1,
        "share_set": (last.number if last else 0) + 1,
    }
    return cast.rotate_backup_key(site.at, zone, holders, **(fitting | changes))


def rebuilt(shares: Iterable[KeyShare], receipt: Receipt | str) -> bytes:
    """The key that some shares make, if it is the one committed to in a receipt (or by a hash)."""
    documents = list(shares)
    one = documents[0]
    at_stake = KeyAtStake(
        one.deployment,
        one.demo,
        one.zone,
        one.provider_founding,
        one.zone_founding,
        one.backup_key,
        one.epoch,
        one.kcv,
    )
    commitment = receipt if isinstance(receipt, str) else receipt.results["commitment"]
    given = [Share(each.index, canonical.b64u_decode(each.value)) for each in documents]
    return at_stake.rebuild(given, threshold=one.threshold, commitment=commitment)


def blobs_of(said: FromNode) -> dict[str, bytes]:
    """The wrapped keys in the backup beside a receipt, by the id of the key."""
    archive = b"".join(canonical.b64u_decode(one.data) for one in said.attachments if ".backup" in one.name)
    if not archive:  # the zone has no keys
        return {}
    backup = read_backup(archive)
    return {key.id: blob for key, blob in zip(backup.keys, backup.blobs, strict=True)}


def backup_keys_in_hsm(site: Site, zone: Chain, ids: Iterable[str]) -> dict[str, str]:
    """Those of some backup keys that are in the zone's token, with their check values."""
    driver = site.node.parts.zones.driver(zone.current.authority.id)
    found = {one: driver.backup_key_kcv(bytes.fromhex(one)) for one in ids}
    return {one: kcv for one, kcv in found.items() if kcv is not None}


def kept_keys(site: Site, zone: Chain) -> list[str]:
    """The ids of the backup keys that the node keeps sealed for a zone."""
    zone_id = zone.current.authority.id
    names = site.node.parts.zones._vault.names(f"zone/{zone_id}/backup-key/")
    last = [name.rsplit("/", 1)[1] for name in names]
    return [backup_key_id(zone_id, FIRST) if one == FIRST else one for one in last]
