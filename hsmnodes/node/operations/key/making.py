"""What operations have in common that make keys, backed up under the zone's backup key as they are made.

The first node makes them; each other node of the zone takes them over from that backup.
"""

import hashlib
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Self, TypeVar

from pydantic import AfterValidator, Field, model_validator
from typing_extensions import override

from hsmnodes.node.drivers.base import Driver
from hsmnodes.node.drivers.errors import DriverError, ObjectExists
from hsmnodes.node.drivers.values import USAGES_OF_FAMILY, Algorithm, KeySpec, StoredKey, Usage
from hsmnodes.node.operations.backup.travelling import beside, read_whole, stated
from hsmnodes.node.operations.base import Request, Result, Unsettled
from hsmnodes.node.operations.context import Hands, Surroundings
from hsmnodes.node.operations.fields import shown
from hsmnodes.node.operations.holdings import Holdings, Key, Slot
from hsmnodes.node.operations.steps import COPY, MOST_NODES, Step, first_then_others
from hsmnodes.node.operations.zonal import ZoneOperation, ZoneParameters
from hsmnodes.node.operations.zone import arriving
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.backups import Backup
from hsmnodes.node.protocol.documents.base import Model, Name
from hsmnodes.node.protocol.documents.node import Receipt
from hsmnodes.node.protocol.errors import ProposalRefused

ALGORITHMS = {
    "ec-p256": "EC P-256",
    "ec-p384": "EC P-384",
    "rsa-2048": "RSA 2048",
    "rsa-3072": "RSA 3072",
    "rsa-4096": "RSA 4096",
    "aes-128": "AES-128",
    "aes-256": "AES-256",
}
USAGES = {usage.value: usage.value for usage in Usage}


def _visible(text: str) -> str:
    if not text.isprintable():
        raise ValueError("a label holds printable characters only")
    return text


class NewKey(Model):
    """One key: what it is called, what it is, and what it may be used for (sorted, each once)."""

    label: Annotated[Name, AfterValidator(_visible)] = shown("Label", "text")
    algorithm: Annotated[Algorithm, Field(strict=False)] = shown("Algorithm", "choice", choices=ALGORITHMS)
    usages: Annotated[
        tuple[Annotated[Usage, Field(strict=False)], ...], Field(min_length=1, max_length=3)
    ] = shown("May", "list", choices=USAGES)

    @model_validator(mode="after")
    def _usages_fit(self) -> Self:
        if list(self.usages) != sorted(set(self.usages)):
            raise ValueError("usages must be sorted, each once")
        if not USAGES_OF_FAMILY[self.algorithm.family].issuperset(self.usages):
            raise ValueError(f"a key of {self.algorithm.value} has no such usage")
        return self


W = TypeVar("W", bound=ZoneParameters)


class KeyMaking(ZoneOperation[W]):
    """All of the keys are made, or none."""

    most_nodes = MOST_NODES
    titles = {
        **arriving.TITLES,
        "public_key": "Public key",
        "epoch": "Epoch of the backup key",
        "blob": "Wrapped key, SHA-256",
        "archive_sha256": "Backup, SHA-256",
    }

    @abstractmethod
    def wanted(self, parameters: W) -> Sequence[NewKey]:
        """The new keys."""

    def more(self, _parameters: W, _index: int) -> dict[str, Any]:
        """What the receipt says further of the new key of this index (from 0)."""
        return {}

    @override
    def plan(self, count: int) -> tuple[Step, ...]:
        return first_then_others(count, COPY)

    @override
    def enclosures(self, parameters: W, step: Step, earlier: Mapping[int, Receipt]) -> tuple[str, ...]:
        return (str(earlier[0].results["archive_sha256"]),) if step.act == COPY else ()

    @override
    def check(self, request: Request[W], node: Surroundings) -> None:
        slot = node.holdings.slot_of(request.parameters.zone)
        if request.act == COPY:
            _check_copies(request, slot, self.specs(request.proposal.proposal, request.parameters))
        labels = [key.label for key in self.wanted(request.parameters)]
        if len({label.casefold() for label in labels}) != len(labels):
            raise ProposalRefused("name-twice", "Two of the keys have the same label.")
        for label in labels:
            node.holdings.check_name_is_free(request.parameters.zone.id, label, what="key")

    @override
    def carry_out(self, request: Request[W], hands: Hands) -> Result:
        driver = hands.driver(request.parameters.zone.id)
        specs = self.specs(request.proposal.proposal, request.parameters)
        try:
            if request.act == COPY:
                return self.settle(request, hands)
            return self._made(request, hands, [driver.generate_key(spec) for spec in specs])
        except DriverError as error:
            _take_back(driver, specs, error)
            raise

    @override
    def settle(self, request: Request[W], hands: Hands) -> Result:
        driver = hands.driver(request.parameters.zone.id)
        if request.act == COPY:
            backup, backup_key = _keys_that_came(request), hands.backup_key(request.parameters.zone.id)
            arriving.bring_keys(driver, backup, backup_key.object_id)
            keys = arriving.described(backup.keys)
            return Result(f"{_count(len(keys))} copied from {backup.manifest.node.name}.", {"keys": keys})
        specs = self.specs(request.proposal.proposal, request.parameters)
        return self._made(request, hands, [_finish(driver, spec) for spec in specs])

    @override
    def record(self, parameters: W, results: Mapping[str, Any], holdings: Holdings) -> None:
        for key in results["keys"]:
            holdings.add_key(
                Key(
                    key["id"],
                    key["label"],
                    parameters.zone.id,
                    key["algorithm"],
                    kcv=key["kcv"],
                    usages=tuple(key.get("usages", ())),
                )
            )

    def specs(self, proposal: str, parameters: W) -> list[KeySpec]:
        """The keys as a driver is asked for them; `proposal` is the id from which theirs derive."""
        return [
            KeySpec(
                key_id=key_id(proposal, index),
                label=key.label,
                algorithm=key.algorithm,
                usages=frozenset(key.usages),
            )
            for index, key in enumerate(self.wanted(parameters))
        ]

    def _made(self, request: Request[W], hands: Hands, stored: Sequence[StoredKey]) -> Result:
        zone = request.parameters.zone
        made = [Key(key.key_id.hex(), key.label, zone.id, key.algorithm.value, kcv=key.kcv) for key in stored]
        backup = hands.back_up(zone, request.proposal.proposal, made)
        blobs = {key.id: key.blob_sha256 for key in backup.keys}
        described = [
            {
                "id": key.key_id.hex(),
                "label": key.label,
                "algorithm": key.algorithm.value,
                "usages": sorted(usage.value for usage in key.usages),
                "public_key": None if key.public_key is None else canonical.b64u(key.public_key),
                "kcv": key.kcv,
                "blob": blobs[key.key_id.hex()],
                "epoch": backup.manifest.epoch,
                **self.more(request.parameters, index),
            }
            for index, key in enumerate(stored)
        ]
        return Result(
            f"{_count(len(stored))} generated and backed up.",
            {"keys": described, **stated(backup)},
            beside(backup),
        )


def key_id(proposal: str, index: int) -> bytes:
    """The id of key number `index` (from 0) of a proposal: 16 bytes that nobody else can hit upon."""
    return hashlib.sha256(f"quorate/key/v1{proposal}{index}".encode("ascii")).digest()[:16]


def _finish(driver: Driver, spec: KeySpec) -> StoredKey:
    """The key as it is there, whole; what an interruption left of it is removed and made anew."""
    found = driver.find_key(spec.key_id)
    if found is not None and not found.complete:
        driver.destroy_key(spec.key_id)
        found = None
    if found is None:
        return driver.generate_key(spec)
    if (found.label, found.algorithm, found.usages) != (spec.label, spec.algorithm, spec.usages):
        raise ObjectExists("another key has the id that was meant for this one")
    return found


def _take_back(driver: Driver, specs: Sequence[KeySpec], error: DriverError) -> None:
    try:
        for spec in specs:
            if driver.find_key(spec.key_id) is not None:
                driver.destroy_key(spec.key_id)
    except DriverError:
        raise Unsettled from error


def _count(keys: int) -> str:
    return "1 key is" if keys == 1 else f"{keys} keys are"


def _keys_that_came(request: Request[W]) -> Backup:
    """The keys that the first node made, as it backed them up. Raises Refused if they are not those."""
    digest = str(request.earlier[0].results["archive_sha256"])
    backup = request.once(digest, lambda: read_whole(request.enclosures, digest))
    arriving.check_comes_from(backup, request.proposal, request.proposal.nodes[0], request.parameters.zone.id)
    return backup


def _check_copies(request: Request[W], slot: Slot, specs: Sequence[KeySpec]) -> None:
    backup = _keys_that_came(request)
    manifest = backup.manifest
    if (manifest.epoch, manifest.kcv) != (slot.epoch, slot.kcv):
        raise ProposalRefused(
            "other-backup-key",
            f"The keys come under the backup key of epoch {manifest.epoch}; here is that of {slot.epoch}.",
        )
    wanted = sorted(
        (spec.key_id.hex(), spec.label, spec.algorithm.value, tuple(sorted(spec.usages))) for spec in specs
    )
    if wanted != [(key.id, key.label, key.algorithm, key.usages) for key in backup.keys]:
        raise ProposalRefused("other-key", "The keys that came are not those that people signed for.")
