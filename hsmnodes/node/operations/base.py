"""What every operation is: a tag, a sentence, typed parameters, whose consent it needs, what a node does."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import ValidationError

from hsmnodes.node.operations.context import Hands, Surroundings
from hsmnodes.node.operations.holdings import Holdings
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents.base import Model, refusal
from hsmnodes.node.protocol.documents.charter import AuthorityKind, Charter, Clause, Role
from hsmnodes.node.protocol.documents.proposal import Proposal
from hsmnodes.node.protocol.quorum import Consent

P = TypeVar("P", bound=Model)


@dataclass(frozen=True)
class Request(Generic[P]):
    """An authorised request as an operation sees it.

    `charters` are those that consented, by kind; `evidence` the bytes of further documents; `now` is in
    seconds since 1970; `enclosure` what travelled beside the warrant, if the operation has an enclosure.
    """

    proposal: Proposal
    parameters: P
    charters: Mapping[AuthorityKind, Charter]
    evidence: tuple[bytes, ...]
    now: int
    enclosure: bytes = b""


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
    and the zone whose consent it must be.
    """

    tag: ClassVar[str]
    title: ClassVar[str]
    button: ClassVar[str]
    sentence: ClassVar[str]
    consent: ClassVar[Consent]
    consent_from: ClassVar[str | None] = None
    party_fields: ClassVar[Mapping[AuthorityKind, str]] = {}
    rules: ClassVar[Mapping[AuthorityKind, tuple[DefaultClause, ...]]]
    nodes: ClassVar[int] = 0
    gathers: ClassVar[bool] = False
    parameters: type[P]

    @property
    def area(self) -> str:
        """The first part of the tag."""
        return self.tag.partition(".")[0]

    def read(self, parameters: Mapping[str, Any]) -> P:
        """The parameters of a proposal as this operation's own type.

        Raises DocumentRefused, naming the field, if they are not.
        """
        canonical.check_plain(parameters)
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

    def enclosure(self, _parameters: P) -> str | None:
        """The SHA-256 of what must travel beside a warrant, too long for it, if anything must."""
        return None


class NodeOperation(Operation[P], ABC):
    """An operation that one node carries out. `titles` are what people read for the names in its results."""

    nodes = 1
    titles: ClassVar[Mapping[str, str]] = {}

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
