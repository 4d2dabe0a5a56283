"""What operations have in common that need shares of a backup key: a ceremony comes before the act."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import TypeVar

from hsmnodes.node.operations.base import NodeOperation, Request
from hsmnodes.node.operations.context import Surroundings
from hsmnodes.node.operations.holdings import ShareHolder
from hsmnodes.node.protocol.custody import KeyAtStake
from hsmnodes.node.protocol.documents.base import Model

P = TypeVar("P", bound=Model)


@dataclass(frozen=True)
class SharesAsked:
    """Which share set is needed: `threshold` of its shares rebuild the key, `asked` are asked for."""

    at_stake: KeyAtStake
    share_set: int
    threshold: int
    asked: int
    commitment: str
    holders: tuple[ShareHolder, ...]


class GatheringOperation(NodeOperation[P]):
    """An operation that is carried out when enough custodians have given their shares to its ceremony.

    The node verifies the warrant when it opens the ceremony, and once more when the last share is in.
    """

    gathers = True

    @abstractmethod
    def asks_for(self, request: Request[P], node: Surroundings) -> SharesAsked:
        """The shares that are needed; the request was checked."""
