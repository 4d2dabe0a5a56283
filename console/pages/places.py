"""Which page shows a thing of a kind, as the log and notices name kinds."""

from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from hsmnodes.access import visible_nodes
from tenants import access
from tenants.models import Person

PAGES = {
    "proposal": "proposal",
    "zone": "zone",
    "node": "node",
    "charter": "charter",
    "person": "person",
    "service": "service-statement",
    "statement": "statement",
}
OFFICERS_PAGES = {"webhook": "webhook"}
"""Those that not everyone of an organisation may open."""


VISIBLE: Mapping[str, Callable[[Person], QuerySet[Any]]] = {
    "proposal": access.visible_proposals,
    "zone": access.visible_zones,
    "node": visible_nodes,
    "charter": access.visible_charters,
    "person": access.visible_people,
    "service": access.visible_services,
    "statement": access.visible_statements,
}


def has_page_for(viewer: Person, kind: str, key: str) -> bool:
    """Whether the viewer can open a page about a thing: the log names some that they do not see."""
    return kind in VISIBLE and VISIBLE[kind](viewer).filter(pk=key).exists()


def path_to(kind: str, key: str) -> str:
    """The path of the page about a thing; that of the notices, where there is none."""
    name = (PAGES | OFFICERS_PAGES).get(kind)
    return reverse(name, args=[key]) if name else reverse("notices")
