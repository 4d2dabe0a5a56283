"""What every operation is: a tag, a sentence, typed parameters, whose consent it needs, what a node does."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import ValidationError

from hsmnodes.node.operations.context import Hands, Surroundings
from hsmnodes.node.operations.holdings import Holdings
from hsmnodes.node.operations.steps import ACT, Step, check_count
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents.base import Model, Named, refusal
from hsmnodes.node.protocol.documents.charter import AuthorityKind, Charter, Clause, Role
from hsmnodes.node.protocol.documents.node import Receipt
from hsmnodes.node.protocol.documents.proposal import Proposal
from hsmnodes.node.protocol.errors import DocumentRefused, ProposalRefused
from hsmnodes.node.protocol.quorum import Consent

P = TypeVar("P", bound=Model)
R = TypeVar("R")


@dataclass(frozen=True)
class Request(Generic[P]):
    """An authorised request as an operation sees it.

    `charters` are those that consented, by kind; `evidence` the bytes of further documents; `now` is the time
    as of which it is judged, and `clock` what the time is, in seconds since 1970; `enclosures` what travelled
    beside the warrant, by SHA-256; `act` what is to be done in this step, by the node of this `place` in the
    proposal; `earlier` the receipts that the step needs, by the number of their steps.
    """

    proposal: Proposal
    parameters: P
    charters: Mapping[AuthorityKind, Charter]
    evidence: tuple[bytes, ...]
    now: int
    clock: int = 0
    enclosures: Mapping[str, bytes] = field(default_factory=dict)
    act: str = ACT
    place: int = 0
    earlier: Mapping[int, Receipt] = field(default_factory=dict)
    foundings: Mapping[AuthorityKind, Charter] = field(default_factory=dict)
    _read: dict[str, Any] = field(init=False, repr=False, compare=False, default_factory=dict)

    def once(self, what: str, read: Callable[[], R]) -> R:
        """What `read` gives of `what`, which is read once: what is carried out is what was checked."""
        if what not in self._read:
            self._read[what] = read()
        found: R = self._read[what]
        return found


@dataclass(frozen=True)
class Attachment:
    """Bytes that travel beside a receipt, whose `results` hold their hash."""

    name: str
    data: bytes

    @property
    def sha256(self) -> str:
        """SHA-256 of the bytes, in hexadecimal."""
        return canonical.sha256_hex(self.data)


@dataclass(frozen=True)
class Result:
    """What an operation did: a sentence, results for the receipt, and attachments."""

    detail: str
    results: Mapping[str, Any] = field(default_factory=dict)
    attachments: tuple[Attachment, ...] = ()


class Unsettled(Exception):
    """An attempt broke off, and what it did already could not be taken back. The cause is a DriverError."""


@dataclass(frozen=True)
class DefaultClause:
    """A clause that charters get unless their founders choose otherwise."""

    role: Role
    m: int = 2

    def clause(self) -> Clause:
        """The clause as a charter holds it."""
        return Clause(role=self.role, group=None, m=self.m)


class Operation(Generic[P]):
    """One kind of request, as everyone needs to know it.

    An operation that no node carries out (`nodes` is 0) takes effect as evidence for others. One that
    `gathers` waits for the shares of custodians. `party_fields` are the parameters that name the customer
    and the zone whose consent it must be; `node_fields`, if any, those that name the nodes themselves, in the
    order in which a proposal has them.
    """

    tag: ClassVar[str]
    title: ClassVar[str]
    button: ClassVar[str]
    sentence: ClassVar[str]
    consent: ClassVar[Consent]
    consent_from: ClassVar[str | None] = None
    party_fields: ClassVar[Mapping[AuthorityKind, str]] = {}
    node_fields: ClassVar[tuple[str, ...]] = ()
    rules: ClassVar[Mapping[AuthorityKind, tuple[DefaultClause, ...]]]
    nodes: ClassVar[int] = 0
    most_nodes: ClassVar[int] = 0
    gathers: ClassVar[bool] = False
    parameters: type[P]

    @property
    def area(self) -> str:
        """The first part of the tag."""
        return self.tag.partition(".")[0]

    def read(self, parameters: Mapping[str, Any]) -> P:
        """The parameters of a proposal, which are plain JSON as a proposal is, as this operation's own type.

        Raises DocumentRefused, naming the field, if they are not.
        """
        try:
            return self.parameters.model_validate_json(canonical.encode_as_is(parameters))
        except ValidationError as error:
            raise refusal(error, what=self.tag) from None

    def consent_for(self, _parameters: P) -> Consent:
        """Whose consent a request with these parameters needs."""
        return self.consent

    def parties(self, parameters: P) -> Mapping[AuthorityKind, str]:
        """The ids of the customer and the zone whose consent it must be; the provider is the node's own."""
        return {kind: getattr(parameters, field).id for kind, field in self.party_fields.items()}

    def anchors(self, _parameters: P) -> Mapping[AuthorityKind, str]:
        """The hashes of founding charters that this request makes a node pin."""
        return {}


class NodeOperation(Operation[P], ABC):
    """An operation that nodes carry out, from `nodes` to `most_nodes` of them, in the order that is named.

    `titles` are what people read for the names in its results; `said` the shape of results that later steps
    rest on, by act.
    """

    nodes = 1
    most_nodes = 1
    titles: ClassVar[Mapping[str, str]] = {}
    said: ClassVar[Mapping[str, type[Model]]] = {}

    def read_said(self, act: str, results: Mapping[str, Any]) -> None:
        """Check what a node said of a step that others follow on. Raises DocumentRefused."""
        shape = self.said.get(act)
        if shape is None:
            raise DocumentRefused("earlier-steps", f"Nothing follows on this step of {self.tag}.")
        try:
            shape.model_validate_json(canonical.encode_as_is(results))
        except ValidationError as error:
            raise refusal(error, what=f"what {act} said of {self.tag}") from None

    def steps(self, count: int) -> tuple[Step, ...]:
        """The steps over `count` nodes. Raises ProposalRefused if it is not for so many."""
        check_count(count, least=self.nodes, most=self.most_nodes)
        return self.plan(count)

    def plan(self, _count: int) -> tuple[Step, ...]:
        """The steps over a number of nodes that it is for."""
        return (Step(0),)

    def check_nodes(self, request: Request[P]) -> None:
        """Check that the parameters name just the nodes of the proposal. Raises ProposalRefused."""
        named = [getattr(request.parameters, field) for field in self.node_fields]
        if named != [Named(id=one.id, name=one.name) for one in request.proposal.nodes]:
            raise ProposalRefused("other-node", "The proposal is for other nodes than it names.")

    def enclosures(self, _parameters: P, _step: Step, _earlier: Mapping[int, Receipt]) -> tuple[str, ...]:
        """The SHA-256 of each thing that must travel beside a step, too long for it, if anything must."""
        return ()

    def parts(self, _parameters: P, _enclosed: Mapping[str, bytes]) -> Mapping[str, str]:
        """What each further thing is called, by its SHA-256, that what is enclosed needs to come with it.

        Raises Refused if what is enclosed is not what it should be.
        """
        return {}

    @abstractmethod
    def check(self, request: Request[P], node: Surroundings) -> None:
        """Compare the request with what the node holds, without touching its HSM. Raises ProposalRefused."""

    @abstractmethod
    def carry_out(self, request: Request[P], hands: Hands) -> Result:
        """Do it. Raises DriverError or ShareRefused if nothing remains of the attempt, else Unsettled."""

    @abstractmethod
    def settle(self, request: Request[P], hands: Hands) -> Result:
        """Find out what an interrupted attempt left, and finish it. Raises DriverError if it cannot."""

    @abstractmethod
    def record(self, parameters: P, results: Mapping[str, Any], holdings: Holdings) -> None:
        """Note in `holdings` what came of it: when it is done, and whenever the journal is read again."""
