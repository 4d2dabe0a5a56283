"""Verify a backup without restoring it: the node unwraps each key for a moment, and it proves what it is."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field
from typing_extensions import override

from hsmnodes.node.operations.backup.enclosed import BackupOperation, BackupParameters, batches, wrapped_keys
from hsmnodes.node.operations.base import DefaultClause, Request, Result
from hsmnodes.node.operations.context import Hands, Surroundings
from hsmnodes.node.operations.fields import shown
from hsmnodes.node.operations.holdings import Holdings
from hsmnodes.node.protocol.documents.backups import MOST_KEYS
from hsmnodes.node.protocol.documents.charter import AuthorityKind, Role
from hsmnodes.node.protocol.errors import ProposalRefused
from hsmnodes.node.protocol.quorum import Consent


class Parameters(BackupParameters):
    """The backup, and how many keys are to be in it."""

    keys: Annotated[int, Field(ge=1, le=MOST_KEYS)] = shown("Keys in it", "integer")


class VerifyBackup(BackupOperation[Parameters]):
    """Nothing stays of it in the HSM."""

    tag = "backup.verify/v1"
    title = "Verify a backup"
    button = "Verify backup"
    sentence = (
        "Verify on node {nodes[].name}, without restoring anything, the backup of Trust Zone {zone} "
        "taken on node {taken_on} at {taken_at}: {keys} keys."
    )
    consent = Consent((AuthorityKind.ZONE,), floor=1)
    rules = {AuthorityKind.ZONE: (DefaultClause(Role.KEY_MANAGER, m=1),)}
    parameters = Parameters
    titles = {"backup": "File, SHA-256", "manifest": "Manifest, SHA-256", "keys": "Keys in it"}

    @override
    def check(self, request: Request[Parameters], node: Surroundings) -> None:
        there = len(self.read_enclosed(request, node).keys)
        if there != request.parameters.keys:
            raise ProposalRefused(
                "other-count", f"The backup holds {there} keys, and not {request.parameters.keys}."
            )

    @override
    def carry_out(self, request: Request[Parameters], hands: Hands) -> Result:
        backup, driver = self.read_backup(request), hands.driver(request.parameters.zone.id)
        backup_key = hands.backup_key(request.parameters.zone.id)
        for several in batches(list(wrapped_keys(backup).values())):
            driver.prove_keys(several, backup_key.object_id)
        count = len(backup.keys)
        keys = "The one key opens and proves" if count == 1 else f"All {count} keys open and prove"
        return Result(
            f"{keys} to be what the manifest says. Nothing was restored.",
            {"backup": backup.sha256, "manifest": backup.manifest.sha256, "keys": count},
        )

    @override
    def settle(self, request: Request[Parameters], hands: Hands) -> Result:
        return self.carry_out(request, hands)

    @override
    def record(self, parameters: Parameters, results: Mapping[str, Any], holdings: Holdings) -> None:
        """Nothing is held afterwards."""


operation = VerifyBackup()
