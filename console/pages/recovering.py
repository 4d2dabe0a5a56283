"""Whether a recovery below quorum is under way."""

from dataclasses import dataclass
from datetime import datetime

from tenants import access
from tenants.models import Person, Proposal
from tenants.recovery import under_way


@dataclass(frozen=True)
class UnderWay:
    """A recovery that somebody asks for, of what, and when it comes into force, if enough have signed."""

    proposal: Proposal
    name: str
    due_at: datetime | None


def recoveries(person: Person, authority: str = "") -> list[UnderWay]:
    """The recoveries under way that the person sees; of one authority, if that is named."""
    found = under_way(access.visible_proposals(person)).order_by("-created_at")
    return [
        UnderWay(one, one.document.parameters["authority"]["name"], one.due_at)
        for one in found
        if authority in ("", one.document.parameters["authority"]["id"])
    ]
