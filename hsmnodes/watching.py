"""Nodes that nobody hears of any more: looked for by the worker, and told to both sides of their services."""

from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.utils.translation import gettext as _

from hsmnodes.models import Node
from tenants import clock
from tenants.models import Organisation
from tenants.notices import kinds, occasions

_silent: Final[dict[str, datetime | None]] = {}


def note_silent_nodes() -> None:
    """Note each enrolled node that has been silent for too long, once a silence.

    It must have been silent when this process looked before, too: a worker that has just started has not
    heard yet what waits for it in its queue.
    """
    since = clock.now() - timedelta(seconds=settings.NODE_ALARM_SECONDS)
    silent = Node.objects.filter(enrolled_at__lte=since, last_seen_at__lte=since)
    found = {node: node.last_seen_at for node in silent.select_related("provider")}
    for node, last in found.items():
        if _silent.get(node.pk) == last:
            _note(node, f"{last:%Y-%m-%dT%H:%M:%S}", last)
    _silent.clear()
    _silent.update({node.pk: last for node, last in found.items()})


def _note(node: Node, mark: str, last: datetime) -> None:
    """One occasion for the provider, and one for each customer whose services it carries."""
    summary = _("%(name)s is offline: it was last heard of on %(when)s.") % {
        "name": node.name,
        "when": f"{last:%d %b %Y, %H:%M} UTC",
    }
    customers = Organisation.objects.filter(services_taken__placements__node=node).distinct()
    for customer in ("", *customers.values_list("pk", flat=True)):
        occasions.note(
            key=f"{kinds.NODE_OFFLINE}:{node.pk}:{mark}:{customer}",
            event=kinds.NODE_OFFLINE,
            summary=summary,
            subject=("node", node.pk),
            provider="" if customer else node.provider_id,
            customer=customer,
        )
