"""The other sides of a recovery, as a node knows them: by which of their charters they may consent, and when.

A recovery begins to wait only within its proposal's time, and only if each other side consents by its charter
in force at that moment. The proposal names these charters, and what is announced is the proposal: so nothing
that a side amends later takes its consent back, but whoever comes to it can stop the recovery while it waits.
"""

from collections.abc import Collection, Container, Mapping

from hsmnodes.node.agent.links import Chain, OfferedLink, Place, Suspended, check_delays, is_recovery
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.charters import verify_amendment
from hsmnodes.node.protocol.documents.charter import Charter
from hsmnodes.node.protocol.documents.charter_link import SideChain
from hsmnodes.node.protocol.documents.proposal import Proposal
from hsmnodes.node.protocol.errors import CharterRefused
from hsmnodes.node.protocol.recovery import replaced_before


def check_sides(
    chains: Mapping[Place, Chain],
    one: OfferedLink,
    *,
    closed: Container[str],
    now: int,
    suspended: Suspended,
) -> None:
    """Refuse a recovery to which another side consents by a charter that was not in force.

    One of an authority that is pinned must be known here, and not have been replaced before the recovery was
    proposed. That of any other is walked as a chain is that comes to be pinned. Raises Refused.
    """
    proposal = one.amendment()
    if proposal is None or not is_recovery(one.link):
        return
    for side, charter in zip(one.link.sides or (), one.sides(), strict=True):
        chain = chains.get((charter.authority.kind, charter.authority.id))
        if chain is not None:
            _check_known(chain, charter, proposal)
        else:
            _check_alone(chains, side, closed=closed, now=now, suspended=suspended)


def check_begins(
    chains: Mapping[Place, Chain], one: OfferedLink, *, now: int, elsewhere: Collection[str]
) -> None:
    """Refuse a recovery that may not begin to wait at the time `now`; it has been verified.

    One whose charter is in force `elsewhere` was announced there in time, under what was in force then.
    Raises Refused.
    """
    proposal = one.amendment()
    if proposal is None or not is_recovery(one.link) or one.charter.sha256 in elsewhere:
        return
    if now >= proposal.expires_at:
        raise CharterRefused("expired", "The recovery had expired before this node was shown it.")
    for charter in one.sides():
        name, chain = charter.authority.name, chains.get((charter.authority.kind, charter.authority.id))
        if chain is not None and chain.current.sha256 != charter.sha256:
            raise CharterRefused("side-replaced", f"{name} has amended the charter by which it consents.")
        if not charter.valid_from <= now < charter.valid_until:
            raise CharterRefused("side-expired", f"The charter by which {name} consents is not valid now.")


def _check_known(chain: Chain, charter: Charter, proposal: Proposal) -> None:
    name, version = charter.authority.name, charter.version
    if chain.frozen:
        raise CharterRefused("frozen", f"{name} is frozen.")
    if version > len(chain.charters):
        raise CharterRefused("side-unknown", f"{name} consents by a charter that is not in force here.")
    if chain.charters[version - 1].sha256 != charter.sha256:
        raise CharterRefused("other-side", f"{name} has another charter here.")
    if version < len(chain.charters):
        following = OfferedLink.read(chain.links[version]).amendment()
        if following is not None and replaced_before(charter, following, proposal):
            raise CharterRefused("side-replaced", f"{name} had amended the charter by which it consents.")


def _check_alone(
    chains: Mapping[Place, Chain],
    side: SideChain,
    *,
    closed: Container[str],
    now: int,
    suspended: Suspended,
) -> None:
    charters = [Charter.from_bytes(canonical.b64u_decode(side.charter))]
    links = [OfferedLink.read(canonical.b64u_decode(raw)) for raw in side.links]
    for one in links:
        one.check_in_force(closed=closed, now=now)
        check_sides(chains, one, closed=closed, now=now, suspended=suspended)
        verify_amendment(charters[-1], one.link, suspended=suspended(charters[-1]))
        charters.append(one.charter)
    check_delays(charters, links, now=now)
