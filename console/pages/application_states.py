"""How an application stands: the badge it has everywhere it is shown, and when there is something to do."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from console.pages.attending import Concern
from console.pages.duties_warnings import SOON
from hsmnodes.access import visible_applications
from hsmnodes.models import Application, ApplicationSuspension
from tenants import clock
from tenants.models import Person


@dataclass(frozen=True)
class Shown:
    """An application that was not removed, with its badge; `concern` says what is to be done about it."""

    application: Application
    badge: str
    label: str
    concern: Concern | None = None

    @property
    def suspensions(self) -> list[ApplicationSuspension]:
        """What suspends it, the latest first."""
        found: list[ApplicationSuspension] = self.application.suspended
        return found


def shown(application: Application) -> Shown:
    """One of `visible_applications`, as it stands now."""
    where, name = reverse("application", args=[application.pk]), application.name
    until, now = application.valid_until, clock.now()
    on = {"name": name, "date": date_format(until, "j F Y")}
    if application.suspended:
        first = application.suspended[0]
        concern = Concern(
            _("The application %(name)s is suspended") % {"name": name},
            _("%(who)s: %(why)s A quorum of its zone resumes or removes it.")
            % {"who": first.by.name, "why": _sentence(first.reason)},
            where,
            "bad",
        )
        return Shown(application, "offline", _("Suspended"), concern)
    if until <= now:
        concern = Concern(
            _("The certificate of the application %(name)s ended on %(date)s") % on,
            _("It is not served any more. Admit it anew by another certificate, and remove this one."),
            where,
            "bad",
        )
        return Shown(application, "offline", _("Certificate ended"), concern)
    if until <= now + SOON:
        concern = Concern(
            _("The certificate of the application %(name)s ends on %(date)s") % on,
            _("Admit it anew by another certificate before then: its sessions end with this one."),
            where,
        )
        return Shown(application, "late", _("Certificate ends soon"), concern)
    return Shown(application, "online", _("Admitted"))


def application_concerns(person: Person) -> list[Concern]:
    """The applications that are suspended, or whose certificates end."""
    found = visible_applications(person).filter(removed_at=None).order_by("valid_until", "pk")
    return [one.concern for one in map(shown, found) if one.concern is not None]


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
