"""The charters a node goes by: pinned by the hash of the first version, walked in order, never back."""

from collections.abc import Callable, Collection, Container, Mapping, Sequence
from dataclasses import dataclass, field, replace

from hsmnodes.node.agent.journal import Draft
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.charters import is_fork, verify_amendment, verify_chain
from hsmnodes.node.protocol.consistency import RECOVER
from hsmnodes.node.protocol.documents.charter import AuthorityKind, Charter, CharterLink
from hsmnodes.node.protocol.documents.proposal import AuthorityAt, Proposal
from hsmnodes.node.protocol.documents.signatures import Warrant
from hsmnodes.node.protocol.errors import CharterRefused, Delayed, Refused
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
        return _amendment(self.link)

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


@dataclass
class Walk:
    """What came of walking: entries for the journal, and why links were not taken."""

    drafts: list[Draft] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


def read_links(blobs: Sequence[bytes]) -> list[OfferedLink]:
    """Links in the order of their versions. Raises DocumentRefused for anything that is not a link."""
    return sorted((OfferedLink.read(blob) for blob in blobs), key=lambda one: one.charter.version)


def walk(
    chains: Mapping[Place, Chain],
    offered: Sequence[OfferedLink],
    closed: Container[str],
    *,
    now: int,
    announced: Mapping[str, int] | None = None,
    suspended: Suspended = no_suspensions,
) -> Walk:
    """Walk the pinned chains along the links offered, as far as they go at the time `now`.

    `closed` are the hashes of proposals that were rejected or cancelled, `announced` says since when others
    wait for a delay, `suspended` which tokens do not count. Links of authorities that are not pinned are left
    alone. A second valid successor of a version freezes its authority. An amendment whose delay is not over
    is noted as announced, and not walked along.
    """
    found, current = Walk(), dict(chains)
    for one in offered:
        chain = current.get(one.place)
        if chain is None:
            continue
        if chain.frozen:
            found.refused.append(CharterRefused("frozen", f"{one.charter.authority.name} is frozen."))
            continue
        try:
            _check_sides(current, one)
            draft = _step(chain, one, closed, now, suspended)
            if draft is not None and draft.kind == "charter":
                _check_delay(chain.current, one, now, announced or {})
        except Delayed as delayed:
            found.refused.append(delayed)
            proposal = one.amendment()
            if proposal is not None and proposal.sha256 not in (announced or {}):
                found.drafts.append(announcing_draft(proposal, now))
            continue
        except Refused as refused:
            found.refused.append(refused)
            continue
        if draft is not None:
            found.drafts.append(draft)
            frozen = draft.kind == "frozen"
            current[one.place] = replace(chain, frozen=True) if frozen else chain.then(one.charter, one.raw)
    return found


def candidate(
    offered: Sequence[OfferedLink],
    place: Place,
    *,
    anchor: str,
    deployment: str,
    demo: bool,
    now: int,
    known: Mapping[Place, Chain],
) -> Chain:
    """The chain of an authority that is not pinned yet, from the founding charter with the hash `anchor`.

    `known` are the chains that are pinned. Raises Refused if it is not there, or does not hold.
    """
    mine = [one for one in offered if one.place == place]
    for one in mine:
        one.check_in_force(closed=(), now=now)
        _check_sides(known, one)
    charters = verify_chain([one.link for one in mine], anchor=anchor, deployment=deployment, demo=demo)
    check_delays(charters, mine, now=now)
    return Chain(charters, tuple(one.raw for one in mine))


def check_delays(charters: Sequence[Charter], links: Sequence[OfferedLink], *, now: int) -> None:
    """Refuse an amendment whose delay cannot be over at the time `now`, by when it was proposed.

    That is all that can be said of one that was never waited for here.
    """
    for before, one in zip(charters, links[1:], strict=False):
        proposal = one.amendment()
        delay = delay_before(before, proposal) if proposal is not None else 0
        if proposal is not None and now < proposal.not_before + delay:
            raise Delayed(proposal.sha256, announced_at=proposal.not_before, delay=delay)


def draft_of(link: bytes) -> Draft:
    """The journal's entry for a link that was verified."""
    return Draft("charter", {"link": canonical.b64u(link)})


def announcing_draft(proposal: Proposal, at: int) -> Draft:
    """The journal's entry for a proposal that enough have signed, and that must wait from `at` on."""
    return Draft("announced", {"proposal": proposal.proposal, "proposal_hash": proposal.sha256, "at": at})


def _check_delay(before: Charter, one: OfferedLink, now: int, announced: Mapping[str, int]) -> None:
    proposal = one.amendment()
    delay = delay_before(before, proposal) if proposal is not None else 0
    if proposal is None or not delay:
        return
    since = announced.get(proposal.sha256, now)
    if now < since + delay:
        raise Delayed(proposal.sha256, announced_at=since, delay=delay)


def _step(
    chain: Chain, one: OfferedLink, closed: Container[str], now: int, suspended: Suspended
) -> Draft | None:
    """The entry for one link: the next version, or a freeze; None for a version that is known."""
    version = one.charter.version
    if version <= chain.current.version and chain.charters[version - 1].sha256 == one.charter.sha256:
        return None
    one.check_in_force(closed=closed, now=now)
    if version <= chain.current.version:
        return _look_back(chain, one, suspended)
    if version > chain.current.version + 1:
        raise CharterRefused("version-missing", "A version of the charter is missing in between.")
    verify_amendment(chain.current, one.link, suspended=_not_counting(chain.current, one, suspended))
    return draft_of(one.raw)


def _look_back(chain: Chain, one: OfferedLink, suspended: Suspended) -> Draft:
    place = one.charter.version - 1
    if place == 0:
        raise CharterRefused("other-anchor", "The founding charter is not the one that is pinned.")
    known = CharterLink.from_bytes(chain.links[place])
    if _had_expired(one.link, before=known):
        raise CharterRefused("goes-back", "The amendment had expired when another took its place.")
    if is_recovery(one.link) and not is_recovery(known):
        raise CharterRefused("goes-back", "Its people have amended the charter, so they needed no recovery.")
    before = chain.charters[place - 1]
    if not is_fork(before, known, one.link, suspended=_not_counting(before, one, suspended)):
        raise CharterRefused("goes-back", "The charter is not a version that was ever in force.")
    return Draft("frozen", {"link": canonical.b64u(one.raw)})


def is_recovery(link: CharterLink) -> bool:
    """Whether it is by a recovery that a version is to come into force."""
    proposal = _amendment(link)
    return proposal is not None and proposal.operation == RECOVER


def _check_sides(chains: Mapping[Place, Chain], one: OfferedLink) -> None:
    """Refuse a recovery to which another side consents by a charter that is not its own here."""
    for named in one.named:
        place = (named.kind, named.id)
        if place == one.place or place not in chains:
            continue
        if chains[place].frozen:
            raise CharterRefused("frozen", f"{named.name} is frozen.")
        known = chains[place].charters
        if named.version <= len(known) and known[named.version - 1].sha256 != named.hash:
            raise CharterRefused("other-side", f"{named.name} has another charter here.")


def _not_counting(charter: Charter, one: OfferedLink, suspended: Suspended) -> Collection[str]:
    """The tokens that do not count: for what follows on `charter`, and among the other sides."""
    return {*suspended(charter), *(token for other in one.sides() for token in suspended(other))}


def _had_expired(link: CharterLink, *, before: CharterLink) -> bool:
    """Whether an amendment was no longer to be signed when the one that is in force came to be proposed."""
    late, current = _amendment(link), _amendment(before)
    return late is not None and current is not None and late.expires_at <= current.not_before


def _amendment(link: CharterLink) -> Proposal | None:
    """The proposal by which a version came into force; None for a founding."""
    if link.warrant is None:
        return None
    return Proposal.from_bytes(Warrant.from_bytes(canonical.b64u_decode(link.warrant)).proposal_bytes)
