"""Export the log of a node: entries of its journal as they stand, for the provider to examine."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field
from typing_extensions import override

from hsmnodes.node.operations.base import Attachment, DefaultClause, NodeOperation, Request, Result
from hsmnodes.node.operations.context import Hands, Surroundings
from hsmnodes.node.operations.fields import shown
from hsmnodes.node.operations.holdings import Holdings
from hsmnodes.node.protocol.documents.base import Model, Named
from hsmnodes.node.protocol.documents.charter import AuthorityKind, Role
from hsmnodes.node.protocol.errors import ProposalRefused
from hsmnodes.node.protocol.quorum import Consent

MOST_ENTRIES = 500
MOST_BYTES = 8_000_000  # in base64 they still fit into a message

Sequence = Annotated[int, Field(ge=1, le=2**53 - 1)]


class Parameters(Model):
    """The node and the first and last entry wanted."""

    node: Named = shown("Node", "named")
    from_sequence: Sequence = shown("First entry", "integer")
    to_sequence: Sequence = shown("Last entry", "integer")


class ExportLog(NodeOperation[Parameters]):
    """The entries come as an attachment, one canonical JSON document a line."""

    tag = "node.export-log/v1"
    title = "Export the log of a node"
    button = "Export log"
    sentence = "Export entries {from_sequence} to {to_sequence} of the journal of node {node}."
    consent = Consent((AuthorityKind.PROVIDER,), floor=1)
    rules = {AuthorityKind.PROVIDER: (DefaultClause(Role.HSM_ADMINISTRATOR, m=1),)}
    parameters = Parameters
    titles = {
        "from_sequence": "First entry",
        "to_sequence": "Last entry",
        "sha256": "Entries, SHA-256",
    }

    @override
    def check(self, request: Request[Parameters], node: Surroundings) -> None:
        wanted = request.parameters
        if wanted.node != node.node:
            raise ProposalRefused("other-node", "The log wanted is that of another node.")
        if wanted.to_sequence < wanted.from_sequence or wanted.to_sequence > node.last_entry:
            raise ProposalRefused(
                "no-such-entries", f"The journal has entries 1 to {node.last_entry}; ask for some of them."
            )
        if wanted.to_sequence - wanted.from_sequence >= MOST_ENTRIES:
            raise ProposalRefused("too-many", f"At most {MOST_ENTRIES} entries can be exported at once.")
        size = node.entries_size(wanted.from_sequence, wanted.to_sequence)
        if size > MOST_BYTES:
            raise ProposalRefused(
                "too-large",
                f"These entries have {size:,} bytes; at most {MOST_BYTES:,} can be exported at once. "
                "Ask for fewer.",
            )

    @override
    def carry_out(self, request: Request[Parameters], hands: Hands) -> Result:
        first, last = request.parameters.from_sequence, request.parameters.to_sequence
        entries = Attachment("journal.jsonl", b"".join(one + b"\n" for one in hands.entries(first, last)))
        return Result(
            f"Entries {first} to {last} are exported.",
            {"from_sequence": first, "to_sequence": last, "sha256": entries.sha256},
            (entries,),
        )

    @override
    def settle(self, request: Request[Parameters], hands: Hands) -> Result:
        return self.carry_out(request, hands)

    @override
    def record(self, parameters: Parameters, results: Mapping[str, Any], holdings: Holdings) -> None:
        """Nothing is held afterwards."""


operation = ExportLog()
