"""Figures that a node says of itself, and a month of samples of it, with a quiet night and a bad day."""

from datetime import timedelta
from math import sin

from hsmnodes import history
from hsmnodes.models import Node, Sample, Span, Standing
from tenants import clock

FIGURES = {
    "operations": 7,
    "held": 0,
    "load": 12,
    "disk_free": 5 * 2**30,
    "disk_size": 20 * 2**30,
    "clock_behind": 0,
    "applications": 2,
    "sessions": 3,
}


def make_history(node: Node) -> None:
    """Samples of the last day and the last month; two hours in them are missing, and one was spent behind."""
    Sample.objects.filter(node=node).delete()
    Node.objects.filter(pk=node.pk).update(enrolled_at=clock.now() - timedelta(days=40))
    now = clock.now().replace(second=0, microsecond=0)
    minutes = [now - n * history.MINUTE for n in range(1, 24 * 60) if not 200 < n < 320]
    hours = [now.replace(minute=0) - n * history.HOUR for n in range(1, 30 * 24) if not 100 < n < 110]
    Sample.objects.bulk_create(
        _sample(node, span, at, back=(now - at) / timedelta(hours=1))
        for span, moments in ((Span.MINUTE, minutes), (Span.HOUR, hours))
        for at in moments
    )


def _sample(node: Node, span: str, at, *, back: float) -> Sample:
    behind = 9 <= back < 10
    return Sample(
        node=node,
        span=span,
        at=at,
        heard=12,
        standing=Standing.BEHIND if behind else Standing.IN_STEP,
        slots_used=2,
        keys=4 if back < 6 else 3,
        waiting=3 if behind else 0,
        behind=1 if behind else 0,
        clock=0,
        operations=max(0, 4000 - int(back * 5)),
        held=0,
        load=round(30 + 25 * sin(back / 3.8)),
        sessions=max(0, round(8 + 6 * sin(back / 3.8))),
        disk_free=5000 - round(back),
    )
