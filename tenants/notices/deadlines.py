"""What comes by time alone: proposals that expire soon, charters that end weeks from now."""

from datetime import timedelta
from typing import Final

from django.utils.translation import gettext as _

from tenants import charters, clock
from tenants.models import CharterState, CharterVersion, Proposal, State
from tenants.notices import kinds, occasions

SOON: Final = timedelta(hours=12)
AHEAD_OF_A_CHARTER: Final = (timedelta(days=42), timedelta(days=14), timedelta(days=3))


def note_deadlines() -> None:
    """Note every proposal and charter whose end has come near, each once a deadline."""
    for proposal in Proposal.objects.filter(
        state=State.PROPOSED, expires_at__gt=clock.now(), expires_at__lte=clock.now() + SOON
    ):
        _note_proposal(proposal)
    ending = CharterVersion.objects.filter(
        state=CharterState.IN_FORCE, valid_until__lte=clock.now() + max(AHEAD_OF_A_CHARTER)
    )
    for version in ending.select_related("zone__service", "organisation"):
        _note_charter(version)


def _note_proposal(proposal: Proposal) -> None:
    """A proposal that was made for a shorter time than that is told of in the last quarter of it."""
    whole = proposal.expires_at - (proposal.proposed_at or proposal.created_at)
    if proposal.expires_at - clock.now() > whole / 4:
        return
    occasions.note(
        key=f"{kinds.PROPOSAL_EXPIRING}:{proposal.pk}",
        event=kinds.PROPOSAL_EXPIRING,
        summary=_("Expires %(when)s: %(what)s")
        % {"when": f"{proposal.expires_at:%d %b %Y, %H:%M} UTC", "what": proposal.sentence},
        subject=("proposal", proposal.pk),
        provider=proposal.provider_id,
        customer=proposal.customer_id or "",
    )


def _note_charter(version: CharterVersion) -> None:
    left = version.valid_until - clock.now()
    ahead = min(one for one in AHEAD_OF_A_CHARTER if left <= one)
    about = charters.about_charter(version)
    texts = (
        _("The charter of %(name)s ends on %(date)s. Amend it before then.")
        if left > timedelta()
        else _("The charter of %(name)s ended on %(date)s. It authorises nothing but its own renewal.")
    )
    occasions.note(
        key=f"{kinds.CHARTER_EXPIRING}:{version.pk}:{ahead.days if left > timedelta() else 0}",
        event=kinds.CHARTER_EXPIRING,
        summary=texts % {"name": version.name, "date": f"{version.valid_until:%d %b %Y}"},
        subject=("charter", version.pk),
        provider=about.provider,
        customer=about.customer,
    )
