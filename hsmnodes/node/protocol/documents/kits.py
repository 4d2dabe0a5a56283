"""The connection kit's list of contents: how an application reaches a node, and the hash of each file."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from hsmnodes.node.protocol.documents.base import (
    Bytes,
    Document,
    Hash,
    Id,
    Named,
    Part,
    Time,
    is_absent,
)
from hsmnodes.node.protocol.documents.proposal import NodeAt

Point = Annotated[Bytes, StringConstraints(min_length=87, max_length=87)]
FileName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
HostName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9.:-]{0,252}$")]
TokenLabel = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]


class KitFile(Part):
    """A file of the kit."""

    name: FileName
    sha256: Hash


class Kit(Document):
    """What a node says of its kit for an application: it signs this for purpose KIT.

    `identity` is the point of its identity key, 65 bytes; `certificate` and `node_certificate` are the
    SHA-256 of the application's and the node's certificates in DER; `server_name` is the zone's (SNI).
    `nodes` are all that the application was admitted on by the same warrant, if they are several, in its
    order: what the kits of the others must be signed by. `failover` are the same, by the hashes of their
    identity keys and in the order of their cluster, if all of them are members of one whose mode is that.
    """

    type: Literal["quorate/kit/v1"] = "quorate/kit/v1"
    deployment: Id
    demo: bool
    node: Named
    identity: Point
    zone: Named
    application: Named
    certificate: Hash
    node_certificate: Hash
    host: HostName
    port: Annotated[int, Field(ge=1, le=65_535)]
    server_name: HostName
    token: TokenLabel
    files: Annotated[tuple[KitFile, ...], Field(min_length=1, max_length=50)]
    made_at: Time
    nodes: Annotated[tuple[NodeAt, ...] | None, Field(min_length=2, max_length=16, exclude_if=is_absent)] = (
        None
    )
    failover: Annotated[tuple[Hash, ...] | None, Field(min_length=2, max_length=16, exclude_if=is_absent)] = (
        None
    )

    @model_validator(mode="after")
    def _orders_its_nodes(self) -> Self:
        named = sorted(node.identity for node in self.nodes or ())
        if self.failover is not None and sorted(self.failover) != named:
            raise ValueError("failover must have each of the nodes once")
        return self

    @model_validator(mode="after")
    def _names_each_file_once(self) -> Self:
        names = [file.name for file in self.files]
        if names != sorted(set(names)):
            raise ValueError("files must be sorted by their name, each once")
        return self
