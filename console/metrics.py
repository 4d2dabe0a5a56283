"""`/metrics` for Prometheus: what the database says at the moment, so that every process answers the same.

Nothing is counted in a process, so nothing is lost when one ends, and it does not matter which of them is
asked. Who asks shows the token of QUORATE_METRICS_TOKEN; where that is not set, nobody is answered.
"""

import hmac
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from console.errors import problem_response
from hsmnodes.models import Alarm, Application, Ceremony, Node, NodeStatus, OutboxMessage, Slot
from tenants import clock
from tenants.models import (
    CharterState,
    CharterVersion,
    Delivery,
    Letter,
    LogEntry,
    Occasion,
    Proposal,
    Severity,
    State,
    TrustZone,
)

ENDING_WITHIN = timedelta(days=60)
MOST_ENDING = 500
DAY = 86_400

Labels = tuple[str, ...]


@require_GET
def metrics(request: HttpRequest) -> HttpResponse:
    """The metrics, for who has the token."""
    given = request.headers.get("Authorization", "").encode("utf-8", "replace")
    wanted = f"Bearer {settings.METRICS_TOKEN}".encode()
    if not settings.METRICS_TOKEN or not hmac.compare_digest(given, wanted):
        return problem_response(
            HTTPStatus.FORBIDDEN,
            "no-metrics",
            "Metrics are for who shows the token of QUORATE_METRICS_TOKEN.",
        )
    registry = CollectorRegistry(auto_describe=False)
    registry.register(OfTheDatabase())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)


class OfTheDatabase(Collector):
    """Everything that is told, read when it is asked for."""

    def collect(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        """The families, one after the other."""
        yield from _proposals()
        yield from _sending()
        yield from _nodes()
        yield from _zones()
        yield from _ending()


def _proposals() -> Iterator[GaugeMetricFamily]:
    counts = dict(Proposal.objects.order_by().values_list("state").annotate(n=Count("pk")))
    yield _gauge(
        "proposals", "Proposals by state.", ["state"], [((one,), counts.get(one, 0)) for one in State]
    )
    is_open = {"expires_at__gt": clock.now(), "proposal__state__in": [State.SENT, State.EXECUTING]}
    yield _gauge("ceremonies_open", "Ceremonies that wait for shares.", [], [((), _count(Ceremony, is_open))])


def _sending() -> Iterator[GaugeMetricFamily]:
    """What has yet to leave: messages to nodes, things to tell, e-mails and messages to webhooks."""
    open_ones = OutboxMessage.objects.filter(settled_at=None).order_by()
    by_kind = open_ones.values_list("kind").annotate(n=Count("pk"))
    yield _gauge("outbox_messages", "Messages to nodes that are not settled.", ["kind"], _rows(by_kind))
    oldest = open_ones.aggregate(at=Min("created_at"))["at"]
    yield _gauge("outbox_oldest_seconds", "Age of the oldest of them.", [], [((), _age(oldest))])
    behind = [
        (("occasions",), _count(Occasion, {"told_at": None})),
        (("letters",), _count(Letter, {"settled_at": None})),
        (("webhooks",), _count(Delivery, {"settled_at": None})),
    ]
    yield _gauge("untold", "What people and programs have yet to be told.", ["what"], behind)
    overdue = OutboxMessage.objects.filter(settled_at=None, next_at__lte=clock.now()).aggregate(
        at=Min("next_at")
    )
    yield _gauge(
        "sweep_delay_seconds",
        "How long a message is due that no worker has taken in hand.",
        [],
        [((), _age(overdue["at"]))],
    )


def _nodes() -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
    nodes = list(Node.objects.in_brief().select_related("provider").order_by("pk"))
    waiting = dict(
        OutboxMessage.objects.filter(settled_at=None).order_by().values_list("node").annotate(n=Count("pk"))
    )
    differing = Slot.objects.filter(differs_since__isnull=False).order_by()
    behind = dict(differing.values_list("node").annotate(n=Count("pk")))
    status = {node.pk: node.status for node in nodes}
    counts = {one: sum(status[node.pk] == one for node in nodes) for one in NodeStatus}
    yield _gauge("nodes", "Nodes by state.", ["state"], [((one,), counts[one]) for one in NodeStatus])
    each: Mapping[str, tuple[str, Any]] = {
        "up": ("1 while the node is online.", lambda node: status[node.pk] == NodeStatus.ONLINE),
        "out_of_step": (
            "1 while the node is out of step.",
            lambda node: status[node.pk] == NodeStatus.OUT_OF_STEP,
        ),
        "heartbeat_age_seconds": ("Since its last heartbeat.", lambda node: _age(node.last_seen_at, None)),
        "clock_difference_seconds": (
            "How far its clock was ahead, as its last heartbeat came.",
            lambda node: node.clock_difference if node.last_seen_at else None,
        ),
        "outbox_messages": ("Messages to it that are not settled.", lambda node: waiting.get(node.pk, 0)),
        "zones_behind": ("Zones it has not the right keys of.", lambda node: behind.get(node.pk, 0)),
        "slots": ("Slots it may have.", lambda node: node.slots),
        "slots_used": ("Slots it has.", lambda node: node.slots_used),
        "keys": ("Keys in them.", lambda node: node.keys_held),
        "load_ratio": ("Its machine's load for each processor.", lambda node: _part(node, "load", 100)),
        "sessions": ("Open connections of applications.", lambda node: node.figures.get("sessions")),
        "disk_free_bytes": ("Free where its journal is.", lambda node: node.figures.get("disk_free")),
        "disk_size_bytes": ("In all where its journal is.", lambda node: node.figures.get("disk_size")),
    }
    for name, (words, value) in each.items():
        yield _of_each(GaugeMetricFamily, f"node_{name}", words, nodes, value)
    words = "Steps of warrants that it has carried out."
    yield _of_each(
        CounterMetricFamily, "node_operations", words, nodes, lambda node: node.figures.get("operations")
    )


def _zones() -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
    founded = {"founded_at__isnull": False}
    yield _gauge("zones", "Trust Zones that are founded.", [], [((), _count(TrustZone, founded))])
    differing = Slot.objects.filter(differs_since__isnull=False).values("zone").distinct().count()
    yield _gauge("zones_out_of_step", "Zones whose HSMs differ.", [], [((), differing)])
    lasting = Alarm.objects.filter(ended_at=None, told_at__isnull=False).order_by()
    by_event = lasting.values_list("event").annotate(n=Count("pk"))
    yield _gauge("alarms", "Conditions that last and were told to people.", ["event"], _rows(by_event))
    logged = CounterMetricFamily("quorate_log_alarms", "Alarms in the log.")
    logged.add_metric([], _count(LogEntry, {"severity": Severity.ALARM}))
    yield logged


def _ending() -> Iterator[GaugeMetricFamily]:
    """Charters and certificates that end within 60 days, the soonest first, at most 500 of each."""
    until = clock.now() + ENDING_WITHIN
    charters = CharterVersion.objects.filter(state=CharterState.IN_FORCE, valid_until__lte=until)
    soon = charters.select_related("organisation", "zone").order_by("valid_until")[:MOST_ENDING]
    yield _gauge(
        "charter_days_left",
        "Days until a charter ends, of those that end within 60.",
        ["kind", "id", "name"],
        [((one.kind, one.authority, one.name), -_age(one.valid_until) / DAY) for one in soon],
    )
    admitted = Application.objects.filter(removed_at=None, valid_until__lte=until)
    yield _gauge(
        "certificate_days_left",
        "Days until the certificate of an application ends, of those that end within 60.",
        ["id", "name"],
        [
            ((one.pk, one.name), -_age(one.valid_until) / DAY)
            for one in admitted.order_by("valid_until")[:MOST_ENDING]
        ],
    )


def _of_each(family: Any, name: str, words: str, nodes: Iterable[Node], value: Any) -> Any:
    """A figure of each node that has it."""
    told = family(f"quorate_{name}", words, labels=["id", "name", "provider"])
    for node in nodes:
        found = value(node)
        if found is not None:
            told.add_metric([node.pk, node.name, node.provider.name], float(found))
    return told


def _gauge(name: str, words: str, labels: list[str], rows: Iterable[tuple[Labels, Any]]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"quorate_{name}", words, labels=labels)
    for label, value in rows:
        family.add_metric([str(one) for one in label], float(value))
    return family


def _rows(counts: Iterable[tuple[str, int]]) -> list[tuple[Labels, int]]:
    return [((name,), count) for name, count in counts]


def _count(model: Any, conditions: Mapping[str, Any]) -> int:
    return int(model.objects.filter(**conditions).count())


def _part(node: Node, name: str, whole: int) -> float | None:
    return node.figures[name] / whole if name in node.figures else None


def _age(since: datetime | None, nothing: Any = 0) -> Any:
    return nothing if since is None else (clock.now() - since).total_seconds()
