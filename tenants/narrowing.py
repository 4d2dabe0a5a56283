"""Lists of proposals made shorter by what is asked for: the same for the pages and for programs."""

from django.db.models import Q, QuerySet

from tenants.models import OPEN_STATES, RUNNING_STATES, Proposal, State

GROUPS = {"open": OPEN_STATES, "running": RUNNING_STATES}
LONGEST_SEARCH = 120


def in_state(proposals: QuerySet[Proposal], state: str) -> QuerySet[Proposal]:
    """Those in a state or a group of states; all of them if there is none of that name."""
    if state in GROUPS:
        return proposals.filter(state__in=GROUPS[state])
    return proposals.filter(state=state) if state in State.values else proposals


def searched(proposals: QuerySet[Proposal], text: str) -> QuerySet[Proposal]:
    """Those with the words in sentence, reason or requester's name; or by the beginning of id or hash."""
    text = text.strip()[:LONGEST_SEARCH]
    if not text:
        return proposals
    return proposals.filter(
        Q(sentence__icontains=text)
        | Q(reason__icontains=text)
        | Q(requester__name__icontains=text)
        | Q(pk__startswith=text.lower())
        | Q(hash__startswith=text.lower())
    )
