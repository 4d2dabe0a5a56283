"""Recovery below quorum in words, and whether one is under way."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from console.pages import wording
from hsmnodes.node.protocol.documents import Recovery
from tenants import access, tags
from tenants.models import Person, Proposal
from tenants.recovery import under_way


@dataclass(frozen=True)
class UnderWay:
    """A recovery that somebody asks for, of what, and when it comes into force, if enough have signed."""

    proposal: Proposal
    name: str
    due_at: datetime | None


def in_words(recovery: Recovery | None) -> str:
    """Who can recover a charter, after how long, with whom."""
    if recovery is None:
        return _("off: nobody can recover it.")
    return ngettext(
        "%(who)s, with the consent of %(others)s, after %(n)d day in which anybody of it can cancel.",
        "%(who)s, with the consent of %(others)s, after %(n)d days in which anybody of it can cancel.",
        recovery.days,
    ) % {
        "who": wording.rule(recovery.rule),
        "others": wording.names([one.name for one in recovery.others], last="and"),
        "n": recovery.days,
    }


def recoveries(person: Person, authority: str = "") -> list[UnderWay]:
    """The recoveries under way that the person sees; of one authority, if that is named."""
    found = access.visible_proposals(person).filter(operation=tags.RECOVER_CHARTER).order_by("-created_at")
    return [
        UnderWay(one, one.document.parameters["authority"]["name"], one.due_at)
        for one in under_way(list(found[:50]))
        if authority in ("", one.document.parameters["authority"]["id"])
    ]
