"""A backup of many keys, as a node would have taken it, without a node having made them."""

from collections.abc import Callable, Collection
from functools import cache
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.keywrap import aes_key_wrap_with_padding
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from hsmnodes.node.operations.backup.travelling import parts_of
from hsmnodes.node.operations.context import BackupKey
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.backups import Backup
from hsmnodes.node.protocol.documents.backups import BackedUpKey
from hsmnodes.node.protocol.documents.base import Named
from tests.cast.charters import Chain
from tests.cast.deployment import PAYMENTS, Deployment
from tests.hsmnodes.node.agent.making import Cluster, Site, real_drivers

BACKUP_KEY, BACKUP_KEY_ID = bytes(range(32)), b"the backup key of"[:16]
MIXTURE = ("ec-p256", "ec-p256", "ec-p256", "aes-256", "rsa-2048")
DIFFERENT = {"ec-p256": 1_000, "aes-256": 1_000, "rsa-2048": 7}  # RSA keys take a tenth of a second each
PAIRS: dict[str, Callable[[], ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey]] = {
    "ec-p256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "rsa-2048": lambda: rsa.generate_private_key(65_537, 2048),
}


def sites_under_known_key(
    folder: Path, cast: Deployment, zone: Chain, drivers: Callable[[], object] = real_drivers
) -> list[Site]:
    """A node with a slot for the zone under BACKUP_KEY, and one that the zone can be extended to."""
    sites = [Site(folder, cast, name=name, drivers=drivers) for name in ("ams-1", "fra-1")]
    Cluster(sites)
    for site in sites:
        site.send(cast.start_service(site.at), cast.northgate, cast.meridian)
    first = sites[0]
    first.node.parts.executor._hands._vault.put(f"zone/{PAYMENTS.id}/backup-key/1", BACKUP_KEY)
    first.send(cast.create_slot(first.at, zone), zone)
    return sites


def pieces_with(backup: Backup, chosen: Collection[str]) -> list[bytes]:
    """What of a backup is needed for these keys: all of it, or its index and the parts that they are in."""
    wanted = parts_of(backup.pieces[:1], chosen)
    parts = [part for part in backup.pieces[1:] if canonical.sha256_hex(part) in wanted]
    return [backup.pieces[0], *parts]


def backup_of_many(site: Site, zone: Named, count: int) -> Backup:
    """A backup of so many keys of a zone that has a slot under BACKUP_KEY on the node, signed by the node."""
    slot = site.facts.holdings.slots[zone.id]
    made = sorted((_key(number) for number in range(count)), key=lambda one: one[0].id)
    backups = site.node.parts.zones._backups
    key = BackupKey(slot.backup_key, slot.epoch, slot.kcv, slot.backup_key_id)
    taken = backups._taken(zone, _id("the backup"), key)
    return backups._written(taken, tuple(key for key, _ in made), tuple(blob for _, blob in made))


def _key(number: int) -> tuple[BackedUpKey, bytes]:
    algorithm = MIXTURE[number % len(MIXTURE)]
    blob, public = _wrapped(algorithm, number % DIFFERENT[algorithm])
    described = {
        "id": _id(f"key {number}"),
        "label": f"key {number}",
        "algorithm": algorithm,
        "usages": ("sign",) if algorithm in PAIRS else ("decrypt", "encrypt"),
        "public_key": None if public is None else canonical.b64u(public),
        "check_value": None,
        "proposal": _id("many keys"),
        "blob_sha256": canonical.sha256_hex(blob),
        "blob_size": len(blob),
    }
    return BackedUpKey.model_validate(described), blob


@cache
def _wrapped(algorithm: str, which: int) -> tuple[bytes, bytes | None]:
    """A key under the backup key, with its public half: each of `which` is another."""
    if algorithm not in PAIRS:
        return aes_key_wrap_with_padding(BACKUP_KEY, sha256(which.to_bytes(2)).digest()), None
    pair = PAIRS[algorithm]()
    private = pair.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    public = pair.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return aes_key_wrap_with_padding(BACKUP_KEY, private), public


def _id(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:32]
