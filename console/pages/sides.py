"""The two sides of a Trust Zone in plain words: its service model, who controls it, who manages its keys."""

from collections.abc import Iterable
from functools import cached_property

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from console.pages import wording
from hsmnodes.node.protocol.documents import Charter, Role
from hsmnodes.node.protocol.documents import Person as CharterPerson
from tenants.models import OrganisationKind, ServiceMode, TrustZone

SERVICE = {
    ServiceMode.EXCLUSIVE: (
        gettext_lazy("Exclusive"),
        gettext_lazy("Whole HSMs for this Trust Zone alone, under one Master Backup Key (MBK)."),
    ),
    ServiceMode.SHARED: (
        gettext_lazy("Shared"),
        gettext_lazy("A slot of an HSM that others use too, under a Tenant Backup Key (TBK) of its own."),
    ),
}


class Sides:
    """What a zone's charter says of the sides, and who holds shares of the last set (by name and id)."""

    def __init__(self, zone: TrustZone, charter: Charter | None, holders: Iterable[tuple[str, str]]) -> None:
        self._zone, self._charter, self._holders = zone, charter, list(holders)

    @property
    def model(self) -> str:
        return str(SERVICE[ServiceMode(self._zone.service.mode)][0])

    @property
    def model_text(self) -> str:
        return str(SERVICE[ServiceMode(self._zone.service.mode)][1])

    @property
    def controller(self) -> str:
        """The organisation in control."""
        service = self._zone.service
        by_provider = self._zone.controller == OrganisationKind.PROVIDER
        return service.provider.name if by_provider else service.customer.name

    @property
    def control_text(self) -> str:
        """Who holds the backup key, in a sentence."""
        if self._holders:
            names = wording.names([name for name, _id in self._holders], last="and")
            return _("%(names)s hold the shares of the backup key.") % {"names": names}
        if self._custodians:
            names = wording.names(self._custodians, last="and")
            return _("Its custodians are %(names)s; the backup key is not split yet.") % {"names": names}
        return _("Nobody is custodian of the backup key yet: it is in the HSM alone.")

    @property
    def managers(self) -> str:
        """The organisations whose people manage the keys."""
        found = sorted({person.organisation.name for person in self._with(Role.KEY_MANAGER)})
        return wording.names(found, last="and") or _("nobody")

    @property
    def managers_text(self) -> str:
        names = sorted(person.name for person in self._with(Role.KEY_MANAGER))
        return wording.names(names, last="and") or _("No key managers stand in its charter.")

    @cached_property
    def leftover(self) -> str:
        """The names of those who hold shares of the key in force, and are not of the side in control."""
        if self._charter is None:
            return ""
        theirs = {person.id for person in self._charter.people if person.organisation.name == self.controller}
        return wording.names([name for name, id_ in self._holders if id_ not in theirs], last="and")

    @property
    def _custodians(self) -> list[str]:
        return sorted(person.name for person in self._with(Role.CUSTODIAN))

    def _with(self, role: Role) -> list[CharterPerson]:
        return [one for one in (self._charter.people if self._charter else ()) if role in one.roles]
