"""The history of nodes: samples of verified heartbeats, a minute each for a day, an hour each for 90 days.

The minute that runs is kept with the node, so that a heartbeat costs no row; when the next one begins it
becomes a sample. Once an hour is over, a sample of it is made of its minutes. A node has never more than
`MOST_ROWS` samples.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db.models import Max, Min, Sum

from hsmnodes.models import Node, OutboxMessage, Sample, Slot, Span, Standing
from tenants import clock

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
MINUTES_KEPT: Final = timedelta(hours=26)
HOURS_KEPT: Final = timedelta(days=90)
MOST_ROWS: Final = MINUTES_KEPT // MINUTE + HOURS_KEPT // HOUR + 2
MIB = 2**20
MOST_IN_A_COLUMN = 2**31 - 1

MOST = (
    "standing",
    "slots_used",
    "keys",
    "waiting",
    "behind",
    "clock",
    "operations",
    "held",
    "load",
    "sessions",
)
LEAST = ("disk_free",)
FIGURES = ("heard", *MOST, *LEAST)


def note_heartbeat(node: Node) -> None:
    """Take what the last heartbeat set in `node` into its minute; the caller saves it, in its transaction."""
    begin = _minute_of(clock.now())
    now, kept = _figures(node), node.minute
    if kept.get("at") != begin:
        _keep_minute(node)
        node.minute = {"at": begin, "heard": 1, **now, **_known_here(node)}
        return
    node.minute = {
        "at": begin,
        "heard": kept["heard"] + 1,
        **{name: _better(max, kept[name], now.get(name)) for name in MOST},
        **{name: _better(min, kept[name], now[name]) for name in LEAST},
    }


def roll_up() -> None:
    """Make an hour's sample of each hour that is over, and forget what is too old."""
    now = clock.now()
    _keep_minutes_of_the_silent(now)
    this_hour = now.replace(minute=0, second=0, microsecond=0)
    for back in range(1, 25):
        begin = this_hour - back * HOUR
        if back == 1 or not Sample.objects.filter(span=Span.HOUR, at=begin).exists():
            _roll_up_hour(begin)
    Sample.objects.filter(span=Span.MINUTE, at__lt=now - MINUTES_KEPT).delete()
    Sample.objects.filter(span=Span.HOUR, at__lt=now - HOURS_KEPT).delete()


def _roll_up_hour(begin: datetime) -> None:
    minutes = Sample.objects.filter(span=Span.MINUTE, at__gte=begin, at__lt=begin + HOUR)
    found = minutes.values("node").annotate(
        heard_=Sum("heard"),
        **{f"{name}_": Max(name) for name in MOST},
        **{f"{name}_": Min(name) for name in LEAST},
    )
    Sample.objects.bulk_create(
        (
            Sample(
                node_id=one["node"],
                span=Span.HOUR,
                at=begin,
                **{name: one[f"{name}_"] for name in FIGURES},
            )
            for one in found.iterator(chunk_size=1000)
        ),
        batch_size=500,
        update_conflicts=True,
        unique_fields=["node", "span", "at"],
        update_fields=FIGURES,
    )


def _keep_minutes_of_the_silent(now: datetime) -> None:
    """The minutes of nodes that have said nothing since: nobody else would make samples of them."""
    for node in Node.objects.filter(last_seen_at__lt=now - 2 * MINUTE, minute__has_key="at").only("minute"):
        _keep_minute(node)
        Node.objects.filter(pk=node.pk, minute=node.minute).update(minute={})


def _keep_minute(node: Node) -> None:
    kept = dict(node.minute)
    if kept:
        begin = datetime.fromtimestamp(kept.pop("at") * 60, UTC)
        sample = Sample(node=node, span=Span.MINUTE, at=begin, **kept)
        Sample.objects.bulk_create([sample], ignore_conflicts=True)


def _figures(node: Node) -> dict[str, Any]:
    said = node.figures
    return {
        "standing": _standing(node),
        "slots_used": _small(node.slots_used),
        "keys": node.keys_held,
        "clock": node.clock_difference,
        "operations": said.get("operations"),
        "held": _small(said.get("held")),
        "load": _small(said.get("load")),
        "sessions": _small(said.get("sessions")),
        "disk_free": said["disk_free"] // MIB if "disk_free" in said else None,
    }


def _known_here(node: Node) -> dict[str, Any]:
    """What is no figure of the node's: asked once a minute."""
    return {
        "waiting": OutboxMessage.objects.filter(node=node, settled_at=None).count(),
        "behind": Slot.objects.filter(node=node, differs_since__isnull=False).count(),
    }


def _standing(node: Node) -> int:
    if node.reported_state == "refusing":
        return Standing.REFUSING
    return (
        Standing.BEHIND if node.out_of_step_reason or node.reported_state == "starting" else Standing.IN_STEP
    )


def _small(value: int | None) -> int | None:
    """What a column of 32 bits takes, whatever a node says."""
    return None if value is None else min(value, MOST_IN_A_COLUMN)


def _better(choose: Any, one: int | None, other: int | None) -> int | None:
    said = [value for value in (one, other) if value is not None]
    return choose(said) if said else None


def _minute_of(moment: datetime) -> int:
    return int(moment.timestamp()) // 60
