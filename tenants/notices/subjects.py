"""Whether somebody sees what an occasion is about: who does not, is not told of it."""

from collections.abc import Callable
from typing import Any, Final

from django.db.models import QuerySet

from tenants import access
from tenants.access import Viewer
from tenants.models import Occasion

Visible = Callable[[Viewer], QuerySet[Any]]

_visible: Final[dict[str, Visible]] = {
    "organisation": access.visible_organisations,
    "person": access.visible_people,
    "program": access.visible_programs,
    "zone": access.visible_zones,
    "charter": access.visible_charters,
    "proposal": access.visible_proposals,
    "service": access.visible_services,
    "statement": access.visible_statements,
    "webhook": access.visible_webhooks,
}


def when_about(kind: str, visible: Visible) -> None:
    """Have what somebody sees of things of this kind decided by `visible`."""
    _visible[kind] = visible


def sees(viewer: Viewer, occasion: Occasion) -> bool:
    """Whether `viewer` sees what the occasion is about. Of what nobody decides, nobody is told."""
    own = viewer.organisation.pk
    if own not in (occasion.provider, occasion.customer):
        return False
    visible = _visible.get(occasion.subject_kind)
    return visible is not None and visible(viewer).filter(pk=occasion.subject).exists()
