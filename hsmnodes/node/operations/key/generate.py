"""Generate keys in a Trust Zone: one or many, each backed up under the zone's backup key as it is made."""

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, model_validator
from typing_extensions import override

from hsmnodes.node.drivers.base import Driver
from hsmnodes.node.drivers.errors import DriverError, ObjectExists
from hsmnodes.node.drivers.values import USAGES_OF_FAMILY, Algorithm, KeySpec, StoredKey, Usage
from hsmnodes.node.operations.base import Attachment, Request, Result, Unsettled
from hsmnodes.node.operations.context import Hands, Surroundings
from hsmnodes.node.operations.fields import shown
from hsmnodes.node.operations.holdings import Holdings, Key
from hsmnodes.node.operations.zonal import ZoneOperation, ZoneParameters
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents.base import Model, Name
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


class Parameters(ZoneParameters):
    """The zone and the keys wanted in it."""

    keys: Annotated[tuple[NewKey, ...], Field(min_length=1, max_length=50)] = shown("Key", "list")


class GenerateKeys(ZoneOperation[Parameters]):
    """All of the keys are made, or none."""

    tag = "key.generate/v1"
    title = "Generate keys"
    button = "Generate"
    sentence = "Generate in Trust Zone {zone} on node {nodes[].name}: {keys[].label} ({keys[].algorithm})."
    parameters = Parameters
    titles = {
        "keys": "Keys",
        "id": "Key id",
        "label": "Key",
        "algorithm": "Algorithm",
        "usages": "May",
        "public_key": "Public key",
        "kcv": "Check value",
        "epoch": "Epoch of the backup key",
        "wrapped_sha256": "Backup, SHA-256",
    }

    @override
    def check(self, request: Request[Parameters], node: Surroundings) -> None:
        wanted = request.parameters
        node.holdings.slot_of(wanted.zone)
        labels = [key.label.casefold() for key in wanted.keys]
        if len(set(labels)) != len(labels):
            raise ProposalRefused("name-twice", "Two of the keys have the same label.")
        for key in wanted.keys:
            node.holdings.check_name_is_free(wanted.zone.id, key.label, what="key")

    @override
    def carry_out(self, request: Request[Parameters], hands: Hands) -> Result:
        driver = hands.driver(request.parameters.zone.id)
        specs = key_specs(request.proposal.proposal, request.parameters)
        try:
            return _result(request, hands, [driver.generate_key(spec) for spec in specs])
        except DriverError as error:
            _take_back(driver, specs, error)
            raise

    @override
    def settle(self, request: Request[Parameters], hands: Hands) -> Result:
        driver = hands.driver(request.parameters.zone.id)
        specs = key_specs(request.proposal.proposal, request.parameters)
        return _result(request, hands, [_finish(driver, spec) for spec in specs])

    @override
    def record(self, parameters: Parameters, results: Mapping[str, Any], holdings: Holdings) -> None:
        for key in results["keys"]:
            holdings.add_key(
                Key(key["id"], key["label"], parameters.zone.id, key["algorithm"], kcv=key["kcv"])
            )


def key_specs(proposal: str, parameters: Parameters) -> list[KeySpec]:
    """The keys as a driver is asked for them; `proposal` is the id from which theirs derive."""
    return [
        KeySpec(
            key_id=key_id(proposal, index),
            label=key.label,
            algorithm=key.algorithm,
            usages=frozenset(key.usages),
        )
        for index, key in enumerate(parameters.keys)
    ]


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


def _take_back(driver: Driver, specs: list[KeySpec], error: DriverError) -> None:
    try:
        for spec in specs:
            if driver.find_key(spec.key_id) is not None:
                driver.destroy_key(spec.key_id)
    except DriverError:
        raise Unsettled from error


def _result(request: Request[Parameters], hands: Hands, keys: list[StoredKey]) -> Result:
    zone, described, attachments = request.parameters.zone.id, [], []
    for key in keys:
        wrapped = hands.wrap(zone, key.key_id)
        blob = Attachment(f"{key.key_id.hex()}.wrapped", wrapped.blob)
        attachments.append(blob)
        described.append(
            {
                "id": key.key_id.hex(),
                "label": key.label,
                "algorithm": key.algorithm.value,
                "usages": sorted(usage.value for usage in key.usages),
                "public_key": None if key.public_key is None else canonical.b64u(key.public_key),
                "kcv": key.kcv,
                "wrapped_sha256": blob.sha256,
                "epoch": wrapped.epoch,
            }
        )
    count = "1 key is" if len(described) == 1 else f"{len(described)} keys are"
    return Result(f"{count} generated and backed up.", {"keys": described}, tuple(attachments))


operation = GenerateKeys()
