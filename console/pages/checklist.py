"""The way from an empty deployment to the first key, as a list that ticks itself off."""

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from console.pages.offers import founds_zones, may_request
from hsmnodes.access import visible_keys, visible_nodes, visible_slots
from hsmnodes.node.operations.registry import operation
from tenants import access, tags
from tenants.models import OrganisationKind, Person


@dataclass(frozen=True)
class Step:
    """One step; the first that is not done is `next`. Without a `button` it is for others to do."""

    title: str
    explanation: str
    done: bool
    address: str
    button: str
    next: bool = False


def checklist(person: Person) -> list[Step]:
    """The steps, or none when the last is done."""
    steps = _steps(person)
    if steps[-1][2]:
        return []
    first = next(place for place, step in enumerate(steps) if not step[2])
    return [Step(*step, next=place == first) for place, step in enumerate(steps)]


def _steps(person: Person) -> list[tuple[Any, ...]]:
    customers = access.visible_organisations(person).filter(kind=OrganisationKind.CUSTOMER)
    zones = access.visible_zones(person)
    own = [
        (
            _("Found the charter of %(name)s") % {"name": person.organisation.name},
            _("Who its people are, by which tokens they sign, and how many must agree to what."),
            access.charter_in_force(person.organisation_id) is not None,
            reverse("people"),
            _("People & duties"),
        )
    ]
    provider = [
        (
            _("Enrol an HSM"),
            _("Register a data centre and a node, and compare the words of its identity key at the machine."),
            visible_nodes(person).exclude(enrolled_at=None).exists(),
            reverse("nodes"),
            _("HSMs"),
        ),
        (
            _("Take on a customer"),
            _("Add it and invite its first security officer; its people found its charter."),
            any(access.charter_in_force(customer.pk) for customer in customers),
            reverse("people"),
            _("People & duties"),
        ),
    ]
    story = [
        (
            _("Start a service"),
            _(
                "An HSM administrator of the provider proposes it, both sides sign. From then on the HSM "
                "knows the customer by its charter."
            ),
            access.visible_services(person).exists(),
            reverse("propose-form", args=[tags.START_SERVICE]),
            _proposes(person, tags.START_SERVICE) if visible_nodes(person).exists() else "",
        ),
        (
            _("Found a Trust Zone"),
            _(
                "One of its key managers drafts its charter, all of them sign it, and the customer's "
                "security officers agree to it."
            ),
            zones.exclude(founded_at=None).exists(),
            reverse("zone-found"),
            _("Found a zone") if founds_zones(person) else "",
        ),
        (
            _("Create its slot"),
            _(
                "The zone gets its place in an HSM, under a backup key that nobody can read. The provider's "
                "HSM administrators and the zone's key managers sign."
            ),
            visible_slots(person).exists(),
            reverse("propose-form", args=[tags.CREATE_SLOT]),
            _proposes(person, tags.CREATE_SLOT),
        ),
        (
            _("Generate the first key"),
            _(
                "A key manager of the zone proposes it, others sign; the HSM answers with a receipt and the "
                "public key."
            ),
            visible_keys(person).exists(),
            reverse("propose-form", args=[tags.GENERATE_KEYS]),
            _proposes(person, tags.GENERATE_KEYS),
        ),
    ]
    return [*own, *(provider if person.organisation.is_provider else []), *story]


def _proposes(person: Person, tag: str) -> str:
    return _("Propose it") if may_request(operation(tag), person) else ""
