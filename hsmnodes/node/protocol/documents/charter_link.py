"""One step of a charter's chain: a version, with what makes it valid after the one before."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from hsmnodes.node.protocol.documents.base import Bytes, Document, Part, is_absent
from hsmnodes.node.protocol.documents.signatures import Assertion


class SideChain(Part):
    """The charter of another side, from the version that a recovery clause names to the one that consents.

    `charter` has the bytes of the first, `links` those of the link of each that follows.
    """

    charter: Bytes
    links: Annotated[tuple[Bytes, ...], Field(max_length=1000)]


class CharterLink(Document):
    """One version of a charter with what makes it valid after its predecessor.

    `possession` holds an assertion over challenge(FOUND, charter bytes) by every token that is new to the
    charter, or of which it says something else than the version before; `warrant` the bytes of the
    `charter.amend` or `charter.recover` warrant, or null for the founding version. `sides` are there for a
    recovery alone: the charters of those who consented, in the order in which the clause names them.
    """

    LIMIT: ClassVar[int] = 1_000_000

    type: Literal["quorate/charter-link/v1"] = "quorate/charter-link/v1"
    charter: Bytes
    possession: Annotated[tuple[Assertion, ...], Field(max_length=10_000)]
    sides: Annotated[
        tuple[SideChain, ...] | None, Field(min_length=1, max_length=2, exclude_if=is_absent)
    ] = None
    warrant: Bytes | None
