"""What the rules that decide on a proposal demand beside signatures."""

from hsmnodes.node.protocol.documents import Proposal
from hsmnodes.node.protocol.problems import delay_before, delay_of
from tenants import charters, tags


def delay_for(document: Proposal) -> int:
    """How many seconds must pass between the last signature and the act, by the charters it names."""
    named = charters.by_hash(authority.hash for authority in document.authorities)
    if document.operation == tags.RECOVER_CHARTER:
        return max(
            (delay_before(one, document) for one in named if one.sha256 == document.previous), default=0
        )
    return delay_of(named, document.operation)
