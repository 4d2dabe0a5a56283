"""Carrying a warrant from node to node in its steps, as the console does it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from hsmnodes.node.agent.messages import FromNode, WarrantMessage
from hsmnodes.node.operations.registry import operation
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import Proposal, Receipt, Warrant
from tests.cast.charters import Chain
from tests.hsmnodes.node.agent.making import Site, links


def in_one(said: Sequence[FromNode]) -> FromNode:
    """A receipt with all that is beside it, in however many messages that came."""
    [envelope] = {one.envelope.raw: one.envelope for one in said}.values()
    assert [one.more for one in said] == [True] * (len(said) - 1) + [False]
    attachments = tuple(beside for one in said for beside in one.attachments)
    return FromNode(kind="receipt", envelope=envelope, attachments=attachments)


@dataclass
class Carrier:
    """A warrant on its way over `sites`, with what was said of each step that was taken."""

    warrant: Warrant
    sites: Iterable[Site]
    chains: Iterable[Chain] = ()
    said: dict[int, FromNode] = field(default_factory=dict)

    def __post_init__(self):
        self.proposal = Proposal.from_bytes(self.warrant.proposal_bytes)
        self.operation = operation(self.proposal.operation)
        self.steps = self.operation.steps(len(self.proposal.nodes))
        self._sites = {site.config.node.id: site for site in self.sites}

    def site(self, step: int) -> Site:
        """The node of a step."""
        return self._sites[self.proposal.nodes[self.steps[step].node].id]

    def message(self, step: int) -> WarrantMessage:
        """What the console sends for a step, after the others that it needs."""
        needed = {one: self.receipt(one) for one in self.steps[step].needs}
        parameters = self.operation.read(self.proposal.parameters)
        wanted = self.operation.enclosures(parameters, self.steps[step], needed)
        parts = self.operation.parts(parameters, {digest: self.beside[digest] for digest in wanted})
        return WarrantMessage(
            step=step,
            warrant=canonical.b64u(self.warrant.raw),
            charters=links(*self.chains),
            receipts=tuple(self.said[one].envelope for one in needed),
            enclosures=tuple(canonical.b64u(self.beside[digest]) for digest in (*wanted, *parts)),
        )

    @property
    def beside(self) -> Mapping[str, bytes]:
        """Everything that came beside receipts, by SHA-256."""
        blobs = [canonical.b64u_decode(one.data) for said in self.said.values() for one in said.attachments]
        return {canonical.sha256_hex(blob): blob for blob in blobs}

    def receipt(self, step: int) -> Receipt:
        return Receipt.from_bytes(self.said[step].envelope.payload_bytes)

    def take(self, step: int, **changes) -> Receipt:
        """Have a step taken; the receipt of it."""
        message = self.message(step).model_copy(update=changes)
        said = in_one(self.site(step).deliver(message).said)
        receipt = self.site(step).read(said)
        if receipt.outcome == "done":
            self.said[step] = said
        return receipt

    def carry(self) -> Receipt:
        """Have every step taken that was not; the last receipt, or the first of what was not done."""
        receipt = None
        for step in range(len(self.steps)):
            if step not in self.said:
                receipt = self.take(step)
                if receipt.outcome != "done":
                    break
        return receipt
