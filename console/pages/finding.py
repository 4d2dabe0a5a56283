"""Search and the command palette: pages, proposals one may make, visible things by name, id or words."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from console.pages.offers import offered
from console.pages.shell import page
from console.sessions import person_required
from hsmnodes.access import visible_keys, visible_nodes
from hsmnodes.node.protocol.words import word_list
from tenants import access
from tenants.models import Person

EACH = 8
IN_PALETTE = 12
FEWEST_WORDS = 2


@dataclass(frozen=True)
class Found:
    """Something to go to."""

    kind: str
    title: str
    url: str
    detail: str = ""


@require_GET
@person_required
def search(request: HttpRequest) -> HttpResponse:
    """Everything visible that fits the words."""
    text = request.GET.get("q", "").strip()[:120]
    results = list(things(request.person, text)) if text else []
    return page(request, "console/search.html", "search", results=results, search_text=text)


@require_GET
@person_required
def palette(request: HttpRequest) -> JsonResponse:
    """The same for the palette, with pages and commands first."""
    text = request.GET.get("q", "").strip()[:120]
    found = [*_commands(request.person, text), *(things(request.person, text) if len(text) > 1 else [])]
    return JsonResponse({"results": [asdict(one) for one in found[:IN_PALETTE]]})


def things(person: Person, text: str) -> Iterator[Found]:
    """Zones, keys, HSMs, people and proposals."""
    for zone in (
        access.visible_zones(person).select_related("service__customer").filter(_fits("name", text))[:EACH]
    ):
        yield Found(_("Zone"), zone.name, reverse("zone", args=[zone.pk]), zone.service.customer.name)
    for key in visible_keys(person).select_related("zone").filter(_fits("label", text))[:EACH]:
        yield Found(_("Key"), key.label, reverse("key", args=[key.pk]), key.zone.name)
    for node in visible_nodes(person).select_related("data_centre").filter(_fits("name", text))[:EACH]:
        yield Found(_("HSM"), node.name, reverse("node", args=[node.pk]), node.data_centre.name)
    for one in (
        access.visible_people(person).select_related("organisation").filter(_fits("name", text))[:EACH]
    ):
        yield Found(_("Person"), one.name, reverse("person", args=[one.pk]), one.organisation.name)
    fits = _fits("sentence", text) | Q(hash__startswith=text.lower())
    if prefix := prefix_of_words(text):
        fits |= Q(hash__startswith=prefix)
    proposals = access.listed_proposals(person).filter(fits)
    for proposal in proposals.order_by("-created_at")[:EACH]:
        yield Found(
            _("Proposal"),
            proposal.sentence,
            reverse("proposal", args=[proposal.pk]),
            proposal.get_state_display(),
        )


def prefix_of_words(text: str) -> str:
    """The hexadecimal digits that the first words of a fingerprint stand for, or nothing."""
    numbers = {word: number for number, word in enumerate(word_list())}
    given = text.lower().replace(",", " ").split()
    if len(given) < FEWEST_WORDS or any(word not in numbers for word in given):
        return ""
    bits = "".join(f"{numbers[word]:011b}" for word in given[:8])
    digits = len(bits) // 4
    return f"{int(bits[: digits * 4], 2):0{digits}x}"


def _fits(field: str, text: str) -> Q:
    return Q(**{f"{field}__icontains": text}) | Q(pk__startswith=text.lower())


def _commands(person: Person, text: str) -> Iterator[Found]:
    pages = [
        ("overview", _("Overview")),
        ("inbox", _("To sign")),
        ("zones", _("Trust Zones")),
        ("nodes", _("HSMs")),
        ("people", _("People & duties")),
        ("duties", _("Who can do what")),
        ("log", _("Log")),
        ("notices", _("Notices")),
        ("notice-settings", _("What is sent to me")),
        ("settings", _("Settings")),
    ]
    for one in offered(person):
        if _matches(f"propose {one.title}", text):
            yield Found(_("Propose"), one.title, reverse("propose-form", args=[one.tag]))
    for name, title in pages:
        if _matches(title, text):
            yield Found(_("Page"), title, reverse(name))


def _matches(title: str, text: str) -> bool:
    return all(word in title.lower() for word in text.lower().split())
