"""The charters a node goes by: pinned by the hash of the first version, walked in order, never back."""

from collections.abc import Collection, Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from hsmnodes.node.agent.journal import Draft
from hsmnodes.node.agent.links import (
    Chain,
    OfferedLink,
    Place,
    Suspended,
    amendment_of,
    check_delays,
    is_recovery,
    no_suspensions,
)
from hsmnodes.node.agent.sides import check_begins, check_sides
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.charters import is_fork, verify_amendment, verify_chain
from hsmnodes.node.protocol.documents.charter import Charter
from hsmnodes.node.protocol.documents.charter_link import CharterLink
from hsmnodes.node.protocol.documents.proposal import Proposal
from hsmnodes.node.protocol.errors import CharterRefused, Delayed, Refused
from hsmnodes.node.protocol.problems import delay_before


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
    announced: Mapping[str, int] = MappingProxyType({}),
    suspended: Suspended = no_suspensions,
    elsewhere: Collection[str] = (),
) -> Walk:
    """Walk the pinned chains along the links offered, as far as they go at the time `now`.

    `closed` are the hashes of proposals that were rejected or cancelled, `announced` says since when others
    wait for a delay, `suspended` which tokens do not count, `elsewhere` has the hashes of charters in force
    on peers. Links of authorities that are not pinned are left alone. A second valid successor of a version
    freezes its authority. An amendment whose delay is not over is noted as announced, and not walked along.
    """
    found, current = Walk(), dict(chains)
    for one in _others_first(offered):
        chain = current.get(one.place)
        if chain is None:
            continue
        if chain.frozen:
            found.refused.append(CharterRefused("frozen", f"{one.charter.authority.name} is frozen."))
            continue
        try:
            if _is_known(chain, one):
                continue
            check_sides(current, one, closed=closed, now=now, suspended=suspended)
            draft = _step(current, one, closed, now, suspended)
            if not _is_announced(one, announced):
                check_begins(current, one, now=now, elsewhere=_reached(offered, elsewhere))
            if draft.kind == "charter":
                _check_delay(chain.current, one, now, announced)
        except Delayed as delayed:
            found.refused.append(delayed)
            proposal = one.amendment()
            own = proposal is not None and delayed.proposal == proposal.sha256
            if proposal is not None and own and proposal.sha256 not in announced:
                found.drafts.append(announcing_draft(proposal, now))
            continue
        except Refused as refused:
            found.refused.append(refused)
            continue
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
    closed: Container[str] = (),
    suspended: Suspended = no_suspensions,
) -> Chain:
    """The chain of an authority that is not pinned yet, from the founding charter with the hash `anchor`.

    `known` are the chains that are pinned; `closed` and `suspended` as in `walk`. When a recovery in it was
    announced is not known here: it is for those whose consent pins the chain that it was in time. Raises
    Refused if it is not there, or does not hold.
    """
    mine = [one for one in offered if one.place == place]
    for one in mine:
        one.check_in_force(closed=closed, now=now)
        check_sides(known, one, closed=closed, now=now, suspended=suspended)
    charters = verify_chain([one.link for one in mine], anchor=anchor, deployment=deployment, demo=demo)
    check_delays(charters, mine[1:], now=now)
    return Chain(charters, tuple(one.raw for one in mine))


def draft_of(link: bytes) -> Draft:
    """The journal's entry for a link that was verified."""
    return Draft("charter", {"link": canonical.b64u(link)})


def announcing_draft(proposal: Proposal, at: int) -> Draft:
    """The journal's entry for a proposal that enough have signed, and that must wait from `at` on."""
    return Draft("announced", {"proposal": proposal.proposal, "proposal_hash": proposal.sha256, "at": at})


def _check_delay(before: Charter, one: OfferedLink, now: int, announced: Mapping[str, int]) -> None:
    proposal = one.amendment()
    if proposal is None:
        return
    since, delay = announced.get(proposal.sha256, now), delay_before(before, proposal)
    if now < since + delay:
        raise Delayed(proposal.sha256, announced_at=since, delay=delay)


def _others_first(offered: Sequence[OfferedLink]) -> list[OfferedLink]:
    """What is recovered after all others, since these may be its other sides; each in its order."""
    recovered = {one.place for one in offered if is_recovery(one.link)}
    return sorted(offered, key=lambda one: one.place in recovered)


def _reached(offered: Sequence[OfferedLink], heads: Collection[str]) -> set[str]:
    """The hashes `heads`, and those of the versions before them as far as they were offered."""
    reached = set(heads)
    for one in sorted(offered, key=lambda one: one.charter.version, reverse=True):
        if one.charter.sha256 in reached and one.charter.previous is not None:
            reached.add(one.charter.previous)
    return reached


def _is_announced(one: OfferedLink, announced: Mapping[str, int]) -> bool:
    proposal = one.amendment()
    return proposal is not None and proposal.sha256 in announced


def _is_known(chain: Chain, one: OfferedLink) -> bool:
    """Whether it is a version that was in force here."""
    version = one.charter.version
    return version <= chain.current.version and chain.charters[version - 1].sha256 == one.charter.sha256


def _step(
    chains: Mapping[Place, Chain], one: OfferedLink, closed: Container[str], now: int, suspended: Suspended
) -> Draft:
    """The entry for a link that is news: the next version, or a freeze."""
    chain, version = chains[one.place], one.charter.version
    one.check_in_force(closed=closed, now=now)
    if version <= chain.current.version:
        return _look_back(chains, one, suspended)
    if version > chain.current.version + 1:
        raise CharterRefused("version-missing", "A version of the charter is missing in between.")
    verify_amendment(chain.current, one.link, suspended=_not_counting(chain.current, chains, one, suspended))
    return draft_of(one.raw)


def _look_back(chains: Mapping[Place, Chain], one: OfferedLink, suspended: Suspended) -> Draft:
    chain, place = chains[one.place], one.charter.version - 1
    if place == 0:
        raise CharterRefused("other-anchor", "The founding charter is not the one that is pinned.")
    known = CharterLink.from_bytes(chain.links[place])
    if _had_expired(one.link, before=known):
        raise CharterRefused("goes-back", "The amendment had expired when another took its place.")
    if is_recovery(one.link) and not is_recovery(known):
        raise CharterRefused("goes-back", "Its people have amended the charter, so they needed no recovery.")
    before = chain.charters[place - 1]
    if not is_fork(before, known, one.link, suspended=_not_counting(before, chains, one, suspended)):
        raise CharterRefused("goes-back", "The charter is not a version that was ever in force.")
    return Draft("frozen", {"link": canonical.b64u(one.raw)})


def _not_counting(
    charter: Charter, chains: Mapping[Place, Chain], one: OfferedLink, suspended: Suspended
) -> Collection[str]:
    """The tokens that do not count: for what follows on `charter`, and among the other sides.

    Of these whatever is suspended by now, whichever version they consent by.
    """
    sides = one.sides()
    places = [(side.authority.kind, side.authority.id) for side in sides]
    sides += [chains[place].current for place in places if place in chains]
    return {*suspended(charter), *(token for side in sides for token in suspended(side))}


def _had_expired(link: CharterLink, *, before: CharterLink) -> bool:
    """Whether an amendment was no longer to be signed when the one that is in force came to be proposed."""
    late, current = amendment_of(link), amendment_of(before)
    return late is not None and current is not None and late.expires_at <= current.not_before
