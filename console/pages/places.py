"""Which page shows a thing of a kind, as the log and notices name kinds."""

from django.urls import reverse

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


def path_to(kind: str, key: str) -> str:
    """The path of the page about a thing; that of the notices, where there is none."""
    name = (PAGES | OFFICERS_PAGES).get(kind)
    return reverse(name, args=[key]) if name else reverse("notices")
