"""What has to be there before a proposal can be made of a draft, beyond its signatures."""

from hsmnodes.node.protocol.errors import Refused
from tenants import charters, recovery, statements, tags
from tenants.errors import WrongState
from tenants.models import CharterState, CharterVersion, Proposal
from tenants.warrants import founding_of


def check_ready(proposal: Proposal) -> None:
    """Check that what the proposal refers to by hash is here and complete.

    Raises WrongState, with what has to be done first.
    """
    parameters = proposal.document.parameters
    if proposal.operation in (*tags.CHANGE_CHARTERS, tags.FOUND_ZONE):
        _check_charter(parameters["charter"])
    if proposal.operation == tags.RECOVER_CHARTER:
        _check_is_their_only_one(proposal)
    if proposal.operation in tags.MAKE_SLOTS and founding_of(parameters["zone"]["id"]) is None:
        raise WrongState("not-founded", "The zone is not founded yet; that comes before its slots.")
    if proposal.operation == tags.SIGN_STATEMENT:
        _check_statement(proposal)


def _check_is_their_only_one(proposal: Proposal) -> None:
    """Others can begin one beside it: nobody keeps them from it by beginning one of their own."""
    authority = proposal.document.parameters["authority"]
    begun = recovery.under_way(Proposal.objects.filter(requester=proposal.requester_id))
    if any(one.document.parameters["authority"]["id"] == authority["id"] for one in begun):
        raise WrongState(
            "recovery-under-way",
            f"A recovery of the charter of {authority['name']} that you began is under way, and "
            "everybody was told of it. Cancel it before you begin another.",
        )


def _check_statement(proposal: Proposal) -> None:
    try:
        statements.check_can_be_signed(proposal)
    except Refused as refused:
        raise WrongState(refused.code, f"{refused.message} Draw it up anew, and propose that.") from None


def _check_charter(hash_: str) -> None:
    charter = CharterVersion.objects.filter(hash=hash_, state=CharterState.COLLECTING).first()
    if charter is None:
        raise WrongState("no-such-charter", "The charter is not, or no longer, collecting signatures here.")
    missing = charters.unsigned(charter)
    if missing:
        names = ", ".join(sorted({one.person_name for one in missing}))
        raise WrongState("charter-unsigned", f"The charter still has to be signed by: {names}.")
