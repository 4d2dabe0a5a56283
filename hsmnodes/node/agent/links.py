"""A charter's link as a node is offered it, and the chain that it keeps of those it has verified."""

from collections.abc import Callable, Collection, Container, Sequence
from dataclasses import dataclass, replace

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.consistency import RECOVER
from hsmnodes.node.protocol.documents.charter import AuthorityKind, Charter
from hsmnodes.node.protocol.documents.charter_link import CharterLink
from hsmnodes.node.protocol.documents.proposal import AuthorityAt, Proposal
from hsmnodes.node.protocol.documents.signatures import Warrant
from hsmnodes.node.protocol.errors import CharterRefused, Delayed
from hsmnodes.node.protocol.problems import delay_before

Place = tuple[AuthorityKind, str]
"""An authority: its kind and its id."""

Suspended = Callable[[Charter], Collection[str]]
"""The credential ids that do not count for what follows on a version of a charter."""


def no_suspensions(_charter: Charter) -> Collection[str]:
    """Every token counts."""
    return ()


@dataclass(frozen=True)
class Chain:
    """The charters of one authority, from the pinned one on, and the link each came with."""

    charters: tuple[Charter, ...]
    links: tuple[bytes, ...]
    frozen: bool = False

    @property
    def current(self) -> Charter:
        """The version in force."""
        return self.charters[-1]

    @property
    def anchor(self) -> str:
        """The hash of the first version."""
        return self.charters[0].sha256

    def then(self, charter: Charter, link: bytes) -> "Chain":
        """The chain with the next version."""
        return replace(self, charters=(*self.charters, charter), links=(*self.links, link))


@dataclass(frozen=True)
class OfferedLink:
    """A link that came with a message, read but not verified."""

    raw: bytes
    link: CharterLink
    charter: Charter

    @classmethod
    def read(cls, raw: bytes) -> "OfferedLink":
        """Read a link. Raises DocumentRefused."""
        link = CharterLink.from_bytes(raw)
        return cls(raw, link, Charter.from_bytes(canonical.b64u_decode(link.charter)))

    @property
    def place(self) -> Place:
        """The authority whose charter it claims to be."""
        return self.charter.authority.kind, self.charter.authority.id

    @property
    def named(self) -> tuple[AuthorityAt, ...]:
        """The charters by which it is to come into force, as its proposal names them."""
        proposal = self.amendment()
        return proposal.authorities if proposal is not None else ()

    def amendment(self) -> Proposal | None:
        """The proposal by which it is to come into force; None for a founding."""
        return amendment_of(self.link)

    def in_force_by(self, before: Charter) -> int | None:
        """By when it was in force after `before`, if that was in its time: in seconds since 1970.

        None for a founding.
        """
        proposal = self.amendment()
        return None if proposal is None else proposal.expires_at + delay_before(before, proposal)

    def sides(self) -> list[Charter]:
        """The charters of the other sides by which they consent to a recovery, not verified."""
        links = [(side.charter, side.links) for side in self.link.sides or ()]
        lasts = [
            CharterLink.from_bytes(canonical.b64u_decode(rest[-1])).charter if rest else first
            for first, rest in links
        ]
        return [Charter.from_bytes(canonical.b64u_decode(one)) for one in lasts]

    def check_in_force(self, *, closed: Container[str], now: int) -> None:
        """Refuse an amendment that was rejected or cancelled, or that is not to be in force yet."""
        proposal = self.amendment()
        if proposal is None:
            return
        if proposal.sha256 in closed:
            raise CharterRefused("closed", "The amendment was rejected or cancelled.")
        if now < proposal.not_before:
            raise CharterRefused("too-early", "The amendment is not to be in force yet.")


def is_recovery(link: CharterLink) -> bool:
    """Whether it is by a recovery that a version is to come into force."""
    proposal = amendment_of(link)
    return proposal is not None and proposal.operation == RECOVER


def amendment_of(link: CharterLink) -> Proposal | None:
    """The proposal by which a version came into force; None for a founding."""
    if link.warrant is None:
        return None
    return Proposal.from_bytes(Warrant.from_bytes(canonical.b64u_decode(link.warrant)).proposal_bytes)


def check_delays(charters: Sequence[Charter], links: Sequence[OfferedLink], *, now: int) -> None:
    """Refuse an amendment whose delay cannot be over at the time `now`, by when it was proposed.

    `links` are those that follow on the first of `charters`. That is all that can be said of one that was
    never waited for here.
    """
    for before, one in zip(charters, links, strict=False):
        proposal = one.amendment()
        delay = delay_before(before, proposal) if proposal is not None else 0
        if proposal is not None and now < proposal.not_before + delay:
            raise Delayed(proposal.sha256, announced_at=proposal.not_before, delay=delay)
