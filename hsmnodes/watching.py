"""Nodes that nobody hears of any more: looked for by the worker, and told to both sides of their services."""

from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.utils.translation import gettext as _

from hsmnodes import alarms
from hsmnodes.alarms import Found
from hsmnodes.models import Node
from tenants import clock
from tenants.models import Organisation
from tenants.notices import kinds

_silent: Final[dict[str, datetime | None]] = {}


def note_silent_nodes() -> None:
    """Note each enrolled node that has been silent for too long, and that it is heard of again.

    It must have been silent when this process looked before, too: a worker that has just started has not
    heard yet what waits for it in its queue.
    """
    since = clock.now() - timedelta(seconds=settings.NODE_ALARM_SECONDS)
    silent = Node.objects.filter(enrolled_at__lte=since, last_seen_at__lte=since)
    found = {node: node.last_seen_at for node in silent.select_related("provider")}
    just_now = {node.pk for node, last in found.items() if _silent.get(node.pk) != last}
    alarms.observe(kinds.NODE_OFFLINE, [_found(*one) for one in found.items()], unheard=just_now)
    _silent.clear()
    _silent.update({node.pk: last for node, last in found.items()})


def _found(node: Node, last: datetime) -> Found:
    words = _(
        "%(name)s is offline: it was last heard of on %(when)s. See whether its machine, its agent and the "
        "line to the broker are up."
    ) % {"name": node.name, "when": f"{last:%d %b %Y, %H:%M} UTC"}
    customers = Organisation.objects.filter(services_taken__placements__node=node).distinct()
    return Found(
        "node",
        node.pk,
        words,
        _("%(name)s is heard of again.") % {"name": node.name},
        node.provider_id,
        tuple(customers.values_list("pk", flat=True)),
        since=last,
    )
