"""The state of a cluster at one revision: what an operation results in, and the next one succeeds."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from hsmnodes.node.protocol.documents.base import Document, Hash, Named, Version
from hsmnodes.node.protocol.documents.proposal import NodeAt

ClusterMode = Literal["active", "failover"]
MOST_MEMBERS = 16


class ClusterState(Document):
    """A cluster: its mode, its members in order, and the SHA-256 of the state before, if there was one.

    In failover the first member serves and the others stand by, in their order. Without members it is
    dissolved. Nobody signs it: operations state its parts, and its hash is what they are bound to.
    """

    type: Literal["quorate/cluster/v1"] = "quorate/cluster/v1"
    cluster: Named
    mode: ClusterMode
    members: Annotated[tuple[NodeAt, ...], Field(max_length=MOST_MEMBERS)]
    revision: Version
    previous: Hash | None

    @model_validator(mode="after")
    def _is_in_order(self) -> Self:
        if len({one.id for one in self.members}) != len(self.members):
            raise ValueError("a member stands twice")
        if (self.revision == 1) != (self.previous is None):
            raise ValueError("the first state of a cluster follows on none, and every other on one")
        return self

    def has(self, node: str) -> bool:
        """Whether the node with this id is a member."""
        return any(one.id == node for one in self.members)
