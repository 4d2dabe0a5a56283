"""Restore keys of a Trust Zone from a backup, by a plan that says of each what is to happen.

A key comes back with its id, label, usages, public key and provenance. The node refuses a plan that is not
what would happen: people signed it as it stands.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field
from typing_extensions import override

from hsmnodes.node.drivers.base import Driver
from hsmnodes.node.drivers.errors import DriverError, ObjectExists
from hsmnodes.node.drivers.values import Algorithm, KeySpec, StoredKey, Usage, WrappedKey
from hsmnodes.node.operations.backup.enclosed import BackupOperation, BackupParameters, batches, wrapped_keys
from hsmnodes.node.operations.backup.travelling import parts_of
from hsmnodes.node.operations.base import Request, Result, Unsettled
from hsmnodes.node.operations.context import Hands, Surroundings
from hsmnodes.node.operations.fields import shown
from hsmnodes.node.operations.holdings import Holdings, Key
from hsmnodes.node.operations.key.making import ALGORITHMS, USAGES
from hsmnodes.node.protocol.backups import Backup, read_pieces
from hsmnodes.node.protocol.documents.backups import BackedUpKey
from hsmnodes.node.protocol.documents.base import Hash, Id, Model, Name
from hsmnodes.node.protocol.documents.shares import CheckValue
from hsmnodes.node.protocol.errors import ProposalRefused

MOST_AT_ONCE = 1_000  # a proposal has at most 262,144 bytes

ACTIONS = {"create": "created", "replace": "replaced", "skip": "skipped"}


class PlannedKey(Model):
    """One key as the backup has it, and what is to happen: it is made, or one that is there replaced or left.

    `proposal` is that by which it came about; `kcv` the check value of a secret key; `public_key` the SHA-256
    of the SubjectPublicKeyInfo (DER) of a pair's.
    """

    id: Id = shown("Id", "id")
    label: Name = shown("Label", "text")
    algorithm: Annotated[Algorithm, Field(strict=False)] = shown("Algorithm", "choice", choices=ALGORITHMS)
    usages: Annotated[
        tuple[Annotated[Usage, Field(strict=False)], ...], Field(min_length=1, max_length=3)
    ] = shown("May", "list", choices=USAGES)
    action: Literal["create", "replace", "skip"] = shown("Is to be", "choice", choices=ACTIONS)
    kcv: CheckValue | None = shown("Check value", "text")
    public_key: Hash | None = shown("Public key, SHA-256", "hash")
    proposal: Id = shown("Made by proposal", "id")


class Parameters(BackupParameters):
    """The backup, and the plan."""

    keys: Annotated[tuple[PlannedKey, ...], Field(min_length=1, max_length=MOST_AT_ONCE)] = shown(
        "Key", "list"
    )


class RestoreBackup(BackupOperation[Parameters]):
    """Every key proves what it is before it stays, and all of them before one is replaced."""

    tag = "backup.restore/v1"
    title = "Restore keys from a backup"
    button = "Restore"
    sentence = (
        "Restore in Trust Zone {zone} on node {nodes[].name}, from the backup taken on node {taken_on} "
        "at {taken_at}: {keys[].label} ({keys[].action})."
    )
    parameters = Parameters
    titles = {
        "backup": "File, SHA-256",
        "counts": "Keys",
        **{one: word.capitalize() for one, word in ACTIONS.items()},
    }

    @override
    def parts(self, parameters: Parameters, enclosed: Mapping[str, bytes]) -> Mapping[str, str]:
        return parts_of(enclosed.values(), {key.id for key in parameters.keys})

    @override
    def put_together(self, enclosures: Mapping[str, bytes], digest: str) -> Backup:
        return read_pieces(enclosures[digest], enclosures)

    @override
    def check(self, request: Request[Parameters], node: Surroundings) -> None:
        wanted = request.parameters
        there = {key.id: key for key in self.read_enclosed(request, node).keys}
        if len({key.id for key in wanted.keys}) != len(wanted.keys):
            raise ProposalRefused("key-twice", "A key stands twice.")
        if all(key.action == "skip" for key in wanted.keys):
            raise ProposalRefused("nothing-to-do", "Every key of the plan is skipped.")
        living = {key.id: key for key in node.holdings.keys_of(wanted.zone.id)}
        owners = node.holdings.label_owners(wanted.zone.id)
        for planned in wanted.keys:
            _check_is_in(there, planned)
            _check_fits(planned, living, owners)

    @override
    def carry_out(self, request: Request[Parameters], hands: Hands) -> Result:
        driver, plan = hands.driver(request.parameters.zone.id), self._plan(request)
        backup_key = hands.backup_key(request.parameters.zone.id).object_id
        if any(planned.action == "replace" for planned, _ in plan):
            for keys in batches([key for _, key in plan]):
                driver.prove_keys(keys, backup_key)
        made: list[WrappedKey] = []
        try:
            for planned, key in plan:
                if planned.action == "replace":
                    _put_back(driver, planned.action, key, backup_key)
            for keys in batches([key for planned, key in plan if planned.action == "create"]):
                _create(driver, keys, backup_key, made)
        except DriverError as error:
            _take_back(driver, plan, made, error)
            raise
        return _result(request.parameters)

    @override
    def settle(self, request: Request[Parameters], hands: Hands) -> Result:
        driver = hands.driver(request.parameters.zone.id)
        backup_key = hands.backup_key(request.parameters.zone.id).object_id
        for planned, key in self._plan(request):
            _put_back(driver, planned.action, key, backup_key)
        return _result(request.parameters)

    def _plan(self, request: Request[Parameters]) -> list[tuple[PlannedKey, WrappedKey]]:
        """The keys that are to be put back, as they are in the backup."""
        back = [key for key in request.parameters.keys if key.action != "skip"]
        wrapped = wrapped_keys(self.read_backup(request), {key.id for key in back})
        return [(key, wrapped[key.id]) for key in back]

    @override
    def record(self, parameters: Parameters, results: Mapping[str, Any], holdings: Holdings) -> None:
        for key in parameters.keys:
            if key.action != "skip":
                holdings.add_key(
                    Key(
                        key.id,
                        key.label,
                        parameters.zone.id,
                        key.algorithm.value,
                        proposal=key.proposal,
                        kcv=key.kcv,
                        usages=tuple(usage.value for usage in key.usages),
                    )
                )


def _check_is_in(there: Mapping[str, BackedUpKey], planned: PlannedKey) -> None:
    key = there.get(planned.id)
    if key is None:
        raise ProposalRefused("not-in-backup", f"The backup has no key {planned.label} of this id.")
    said = (planned.label, planned.algorithm.value, planned.kcv, planned.proposal)
    may = tuple(usage.value for usage in planned.usages)
    if (*said, may, planned.public_key) != (
        key.label,
        key.algorithm,
        key.check_value,
        key.proposal,
        key.usages,
        key.public_key_sha256,
    ):
        raise ProposalRefused("other-key", f"The backup describes the key {planned.label} otherwise.")


def _check_fits(planned: PlannedKey, living: Mapping[str, Key], owners: Mapping[str, str]) -> None:
    """Raise ProposalRefused if the plan for a key is not what would happen here."""
    is_there = planned.id in living
    blocked = owners.get(planned.label.casefold(), planned.id) != planned.id
    fits = {"create": not is_there and not blocked, "replace": is_there, "skip": is_there or blocked}
    if fits[planned.action]:
        return
    reality = "is there already" if is_there else "is not there"
    if blocked and not is_there:
        reality = "has a label that another key has or had here"
    raise ProposalRefused(
        "plan-differs", f"The key {planned.label} was to be {ACTIONS[planned.action]}, but it {reality}."
    )


def _create(driver: Driver, keys: list[WrappedKey], backup_key: bytes, made: list[WrappedKey]) -> None:
    """Have keys in the token of which, as a rule, nothing is there; those are among `made`."""
    made.extend(keys)
    try:
        driver.unwrap_keys(keys, backup_key)
    except ObjectExists:
        del made[-len(keys) :]
        for key in keys:
            if driver.find_key(key.spec.key_id) is None:
                made.append(key)
            _put_back(driver, "create", key, backup_key)


def _put_back(driver: Driver, action: str, key: WrappedKey, backup_key: bytes) -> None:
    """Have one key in the token as it is in the backup, whatever an interrupted attempt left of it."""
    found = driver.find_key(key.spec.key_id)
    if found is not None and found.complete and action == "create":
        if not _is(found, key.spec):
            raise ObjectExists("another key has the id of one that is to be restored")
        return
    if found is not None:
        driver.destroy_key(key.spec.key_id)
    driver.unwrap_key(key, backup_key)


def _is(found: StoredKey, spec: KeySpec) -> bool:
    return (found.label, found.algorithm, found.usages) == (spec.label, spec.algorithm, spec.usages)


def _take_back(
    driver: Driver, plan: list[tuple[PlannedKey, WrappedKey]], made: list[WrappedKey], error: DriverError
) -> None:
    """Destroy what was made. Raises Unsettled if more was done than that, or it cannot be destroyed.

    A whole key that is not as it was to be is not one of them, whatever its id.
    """
    if any(planned.action == "replace" for planned, _ in plan):
        raise Unsettled from error
    try:
        for key in made:
            found = driver.find_key(key.spec.key_id)
            if found is not None and (not found.complete or _is(found, key.spec)):
                driver.destroy_key(key.spec.key_id)
    except DriverError:
        raise Unsettled from error


def _result(parameters: Parameters) -> Result:
    counts = {action: sum(key.action == action for key in parameters.keys) for action in ACTIONS}
    said = ", ".join(f"{count} {ACTIONS[action]}" for action, count in counts.items() if count)
    return Result(f"Restored from the backup: {said}.", {"backup": parameters.backup, "counts": counts})


operation = RestoreBackup()
