"""The states that an act on a proposal demands, and the proposal locked while it is moved on."""

from tenants import clock
from tenants.errors import WrongState
from tenants.models import Proposal, State


def lock_proposal(proposal: Proposal) -> Proposal:
    """The proposal as it stands, locked until the transaction ends."""
    return Proposal.objects.select_for_update(no_key=True).get(pk=proposal.pk)


def expect_state(proposal: Proposal, *states: State) -> None:
    """Raises WrongState unless the proposal is in one of `states`, and not expired while it is open."""
    if proposal.state not in states:
        label = State(proposal.state).label.lower()
        raise WrongState(
            "wrong-state", f"This can no longer be done: the proposal is {label}. Nothing was done."
        )
    if proposal.state in (State.DRAFT, State.PROPOSED) and proposal.expires_at <= clock.now():
        raise WrongState("expired", "The proposal has expired; it can be proposed again. Nothing was done.")
