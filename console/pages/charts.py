"""Small charts of how nodes were over a time, drawn here as SVG, with the same as a table and as CSV.

A page shows them with `console/parts/history.html`: for one node, or for several together.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from hsmnodes import history
from hsmnodes.models import Node, Sample, Span, Standing
from tenants import clock

WIDTH, HEIGHT = 320, 56
MANY_MIB = 10 * 1024
SPANS: Mapping[str, tuple[timedelta, Span, timedelta, timedelta]] = {
    "1h": (timedelta(hours=1), Span.MINUTE, timedelta(minutes=1), timedelta(seconds=70)),
    "24h": (timedelta(hours=24), Span.MINUTE, timedelta(minutes=10), timedelta(seconds=70)),
    "30d": (timedelta(days=30), Span.HOUR, timedelta(hours=4), timedelta(minutes=75)),
}
"""For each choice: how far back it goes, which samples it reads, how long a point is, and when all are in."""

USUAL = "24h"
SPAN_NAMES = [
    ("1h", gettext_lazy("1 hour")),
    ("24h", gettext_lazy("24 hours")),
    ("30d", gettext_lazy("30 days")),
]
ADDED_UP = ("heard", "sessions", "waiting", "behind")  # over several nodes; of others the most
COLUMNS = (
    "at",
    "standing",
    "behind",
    "waiting",
    "heard",
    "load",
    "sessions",
    "keys",
    "operations",
    "disk_free",
)
FOR_CUSTOMERS = ("at", "standing", "heard")
"""Without what is counted of all customers together."""

Point = dict[str, Any]


@dataclass(frozen=True)
class Chart:
    """A line: pieces of it, interrupted where nothing is known; what it ended with, and its most."""

    title: str
    unit: str
    lines: tuple[str, ...]
    areas: tuple[str, ...]
    last: int | None
    most: int | None


@dataclass(frozen=True)
class Band:
    """A stretch of time in one state; `x` and `width` in units of the drawing."""

    state: str
    label: str
    x: float
    width: float


@dataclass(frozen=True)
class Course:
    """How one node stood over one of SPANS: as bands, and in words."""

    node: Node
    span: str
    points: tuple[Point, ...]

    @property
    def bands(self) -> tuple[Band, ...]:
        """The stretches in which it was in one state."""
        return tuple(_bands(self.points))

    @property
    def in_words(self) -> str:
        """For how much of the time since it was enrolled it was heard of, and how much of that in step."""
        enrolled = self.node.enrolled_at
        points = [one for one in self.points if enrolled is None or one["at"] >= enrolled]
        if not points:
            return _("It was enrolled only now.")
        heard = [point for point in points if point["heard"]]
        if not heard:
            return _("Nothing was heard in this time.")
        return _("Heard of for %(heard)d %% of the time, and in step for at least %(step)d %% of that.") % {
            "heard": 100 * len(heard) // len(points),
            "step": 100 * sum(_state(point)[0] == "ok" for point in heard) // len(heard),
        }


@dataclass(frozen=True)
class History:
    """What there is to show of some nodes over one of SPANS: of all together, and how each stood."""

    span: str
    points: tuple[Point, ...]
    courses: tuple[Course, ...]
    charts: tuple[Chart, ...]
    columns: tuple[str, ...]

    @property
    def begin(self) -> datetime:
        """When it begins."""
        return self.points[0]["at"]

    @property
    def end(self) -> datetime:
        """The last moment of which something can be known."""
        return self.points[-1]["at"]

    @property
    def told(self) -> list[Point]:
        """The points of which something is known, the latest first."""
        return [point for point in reversed(self.points) if point["heard"]]

    @property
    def rows(self) -> Iterable[list[Any]]:
        """The points as rows of a file."""
        names = dict(Standing.choices)
        for point in self.points:
            yield [names.get(point[one]) if one == "standing" else point[one] for one in self.columns]


def shown_history(nodes: Sequence[Node], request: HttpRequest, *, whole: bool, file: str) -> dict[str, Any]:
    """What `console/parts/history.html` shows of nodes, over the span asked for; `file` has the CSV."""
    found = history_of(nodes, request.GET.get("span", USUAL), whole=whole)
    return {"history": found, "history_file": file, "spans": SPAN_NAMES}


def history_of(nodes: Sequence[Node], span: str, *, whole: bool) -> History:
    """The history of nodes; `whole` shows what is its provider's business, too."""
    chosen = span if span in SPANS else USUAL
    moments, by_node = _read(nodes, chosen)
    courses = [
        Course(
            node,
            chosen,
            tuple(
                {"at": at} | _together([samples])
                for at, samples in zip(moments, by_node[node.pk], strict=True)
            ),
        )
        for node in nodes
    ]
    together = zip(moments, zip(*by_node.values(), strict=True), strict=True)
    points = [{"at": at} | _together(each) for at, each in together]
    charts = _charts(points, _done_by_each(courses), whole=whole, several=len(nodes) > 1)
    columns = COLUMNS if whole else FOR_CUSTOMERS
    return History(chosen, tuple(points), tuple(courses), tuple(charts), columns)


def _charts(points: Sequence[Point], done: Sequence[Point], *, whole: bool, several: bool) -> list[Chart]:
    if not whole:
        return []
    waiting, places = _("Waiting in the console for it"), _("zones")
    load, keys, disk = _("Load of its machine"), _("Keys"), _("Free disk")
    if several:
        waiting, places = _("Waiting for them"), _("places")
        load, keys, disk = _("Load, where it is most"), _("Keys, where most are"), _("Free disk, the least")
    return [
        _chart(load, "%", points, "load", least=100),
        _chart(_("Sessions of applications"), _("open"), points, "sessions"),
        _chart(keys, _("keys"), points, "keys"),
        _chart(_("Operations carried out"), _("in that time"), done, "operations"),
        _chart(disk, *_in_fitting_unit(points, "disk_free")),
        _chart(waiting, _("messages"), points, "waiting"),
        _chart(_("Zones out of step"), places, points, "behind"),
    ]


def _in_fitting_unit(points: Sequence[Point], name: str) -> tuple[str, list[Point], str]:
    """The unit in which people read a figure that is kept in MiB, the points in it, and the figure's name."""
    if min((point[name] for point in points if point[name] is not None), default=0) < MANY_MIB:
        return "MiB", list(points), name
    return "GiB", [{name: None if point[name] is None else point[name] // 1024} for point in points], name


Samples = list[Mapping[str, Any]]


def _read(nodes: Sequence[Node], span: str) -> tuple[list[datetime], dict[str, list[Samples]]]:
    """The stretches of time by their beginnings, and the samples of each node in each of them."""
    back, kind, each, lag = SPANS[span]
    seconds = int(each.total_seconds())
    last = int((clock.now() - lag).timestamp()) // seconds
    count = int(back / each)
    first = last - count + 1
    by_node: dict[str, list[Samples]] = {node.pk: [[] for _ in range(count)] for node in nodes}
    samples = Sample.objects.filter(node__in=nodes, span=kind, at__gte=clock.from_unix(first * seconds))
    for one in samples.values("node", "at", *history.FIGURES):
        place = int(one["at"].timestamp()) // seconds - first
        if place < count:
            by_node[one["node"]][place].append(one)
    return [clock.from_unix(number * seconds) for number in range(first, last + 1)], by_node


def _together(of_nodes: Sequence[Samples]) -> Point:
    """The samples of each node in one stretch of time, as one. A count that one did not say is not known."""
    each = [{name: _best(name, samples) for name in history.FIGURES} for samples in of_nodes]
    point: Point = {}
    for name in history.FIGURES:
        known = [one[name] for one in each if one[name] is not None]
        if name in ADDED_UP:
            point[name] = sum(known) if known else None
        elif name == "operations":
            point[name] = sum(known) if len(known) == len(each) else None
        else:
            point[name] = (min if name in history.LEAST else max)(known, default=None)
    point["heard"] = point["heard"] or 0
    return point


def _best(name: str, samples: list[Mapping[str, Any]]) -> Any:
    known = [one[name] for one in samples if one[name] is not None]
    if name == "heard":
        return sum(known) if known else None
    return (min if name in history.LEAST else max)(known, default=None)


def _done_by_each(courses: Sequence[Course]) -> list[Point]:
    """How many operations were carried out in each stretch by all of whom that is known."""
    of_each = [_done(course.points) for course in courses]
    return [
        {"operations": sum(known) if (known := [one for one in each if one is not None]) else None}
        for each in zip(*of_each, strict=True)
    ]


def _done(points: Sequence[Point]) -> list[int | None]:
    """The same of one node; unknown after a stretch of which nothing is known."""
    done: list[int | None] = []
    before: int | None = None
    for point in points:
        now = point["operations"]
        done.append(None if None in (now, before) else max(0, now - before))
        before = now
    return done


def _chart(title: str, unit: str, points: Sequence[Point], name: str, *, least: int = 1) -> Chart:
    """The figure `name` as a line; the drawing is at least `least` high, so that little looks little."""
    values = [point[name] for point in points]
    known = [value for value in values if value is not None]
    most = max(known, default=None)
    top = max(most or 0, least)
    step = WIDTH / max(1, len(values) - 1)
    lines, areas = [], []
    for begin, piece in _pieces(values):
        xs = [(begin + n) * step for n in range(len(piece))]
        xs, ys = ([xs[0] - step / 2, xs[0] + step / 2], piece * 2) if len(piece) == 1 else (xs, piece)
        spots = [f"{x:.1f} {HEIGHT - y / top * (HEIGHT - 4) - 2:.1f}" for x, y in zip(xs, ys, strict=True)]
        lines.append("M" + "L".join(spots))
        areas.append(f"M{xs[0]:.1f} {HEIGHT}L{'L'.join(spots)}L{xs[-1]:.1f} {HEIGHT}Z")
    return Chart(title, unit, tuple(lines), tuple(areas), known[-1] if known else None, most)


def _pieces(values: Sequence[int | None]) -> Iterable[tuple[int, list[int]]]:
    """The stretches of known values, each with where it begins."""
    piece: list[int] = []
    for number, value in enumerate([*values, None]):
        if value is not None:
            piece.append(value)
        elif piece:
            yield number - len(piece), piece
            piece = []


def _bands(points: Sequence[Point]) -> Iterable[Band]:
    """In step, behind, refusing or not heard of, as it was over the time."""
    states = [_state(point) for point in points]
    step = WIDTH / len(points)
    begin = 0
    for number in range(1, len(states) + 1):
        if number == len(states) or states[number] != states[begin]:
            state, label = states[begin]
            yield Band(state, label, begin * step, (number - begin) * step)
            begin = number


def _state(point: Point) -> tuple[str, str]:
    if not point["heard"]:
        return "quiet", _("Not heard of")
    if point["standing"] == Standing.REFUSING:
        return "bad", _("Refusing")
    if point["standing"] == Standing.BEHIND or point["behind"]:
        return "odd", _("Behind")
    return "ok", _("In step")
