"""Where everything in the picture of the topology goes, in units of the drawing; the template only draws.

Regions stand below each other, boxes in columns in them. The line of a cluster leaves each of its boxes at
the bottom, runs through the gap below that row to the left margin, and there up and down between the rows: it
never goes through a box, and each cluster has a track of its own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from console.pages.topology import Box, Picture, Region
from hsmnodes.models import Cluster, ClusterMode, Slot

WIDE, WIDEST, NARROW = 720, 1080, 340
PAD, GAP, TRACK = 14, 14, 9
BOX_LEAST, BOX_MOST = 200, 524
HEAD, SLOT_HEIGHT, FOOT, REGION_HEAD = 46, 25, 44, 38
MOST_SLOTS = 6
LETTER = 6.6


@dataclass(frozen=True)
class Row:
    """A line of a box: a slot, or words about several; `y` from the top of the box."""

    y: int
    slot: Slot | None
    words: str
    kind: str
    explained: str = ""

    @property
    def text_y(self) -> int:
        return self.y + 15


@dataclass(frozen=True)
class Placed:
    """A box and where it is."""

    box: Box
    x: int
    y: int
    width: int
    height: int
    rows: tuple[Row, ...]
    cluster: Cluster | None

    @property
    def explained(self) -> str:
        said = self.box.explained
        if self.cluster is None:
            return said
        return said + ". " + in_cluster(self.cluster)

    @property
    def bar(self) -> int:
        """How long the lines in it are."""
        return self.width - 2 * PAD

    @property
    def used(self) -> int:
        """How long the bar of slots in use is."""
        return round(self.bar * min(1, self.box.node.slots_used / max(1, self.box.node.slots)))

    @property
    def word_x(self) -> int:
        """Where the word for its state ends."""
        return self.width - PAD

    @property
    def dot_x(self) -> int:
        """Where the mark of its state is: left of the word, which is as wide as its letters are at most."""
        return round(self.word_x - LETTER * len(self.box.node.status.label)) - 9

    @property
    def name_width(self) -> int:
        return self.dot_x - PAD - 10

    @property
    def zone_width(self) -> int:
        return self.width - 2 * PAD - 52

    @property
    def kind_x(self) -> int:
        return self.width - PAD - 8

    @property
    def load_y(self) -> int:
        return self.height - 24

    @property
    def bar_y(self) -> int:
        return self.height - 15


@dataclass(frozen=True)
class Frame:
    """A region and where it is."""

    region: Region
    x: int
    y: int
    width: int
    height: int
    boxes: tuple[Placed, ...]

    @property
    def text_x(self) -> int:
        return self.x + PAD

    @property
    def text_y(self) -> int:
        return self.y + 25


@dataclass(frozen=True)
class Line:
    """The line of a cluster: its path, and where it meets its boxes."""

    cluster: Cluster
    path: str
    dots: tuple[tuple[int, int], ...]
    explained: str

    @property
    def is_failover(self) -> bool:
        return self.cluster.mode == ClusterMode.FAILOVER


@dataclass(frozen=True)
class Drawing:
    """The whole: frames, boxes in them, and lines."""

    width: int
    height: int
    frames: tuple[Frame, ...]
    lines: tuple[Line, ...]


def draw(picture: Picture, width: int) -> Drawing:
    """The picture, `width` wide."""
    left = TRACK * len(picture.links) + (6 if picture.links else 0)
    inner = width - left - 2 * PAD
    fullest = max((len(region.boxes) for region in picture.regions), default=1)
    columns = max(1, min((inner + GAP) // (BOX_LEAST + GAP), fullest))
    size = min((inner - (columns - 1) * GAP) // columns, BOX_MOST)
    frames, y = [], 0
    for region in picture.regions:
        frame = _frame(picture, region, (left, y, width - left), columns, size)
        frames.append(frame)
        y += frame.height + GAP
    lines = tuple(_lines(picture, [one for frame in frames for one in frame.boxes]))
    return Drawing(width, max(0, y - GAP), tuple(frames), lines)


def in_cluster(cluster: Cluster) -> str:
    """The cluster in words."""
    return _("In cluster %(name)s, %(mode)s") % {
        "name": cluster.name,
        "mode": cluster.get_mode_display().lower(),
    }


def _frame(picture: Picture, region: Region, at: tuple[int, int, int], columns: int, size: int) -> Frame:
    """A region `at` left, top and width."""
    left, top, width = at
    clusters = {node: cluster for cluster, nodes in picture.links for node in nodes}
    y, placed = top + REGION_HEAD, []
    for begin in range(0, len(region.boxes), columns):
        row = region.boxes[begin : begin + columns]
        lines = [_rows(box) for box in row]
        height = max(map(_height, row, lines))
        for number, (box, of_box) in enumerate(zip(row, lines, strict=True)):
            x, cluster = left + PAD + number * (size + GAP), clusters.get(box.node.pk)
            placed.append(Placed(box, x, y, size, height, of_box, cluster))
        tracks = TRACK * len(picture.links) if any(box.node.pk in clusters for box in row) else 0
        y += height + max(PAD, tracks + 8)
    if not region.boxes:
        y += 28
    return Frame(region, left, top, width, y - top, tuple(placed))


def _rows(box: Box) -> tuple[Row, ...]:
    """The slots of a box, as many as there is room for, and what else is to be said of its slots."""
    shown = box.slots if len(box.slots) <= MOST_SLOTS else box.slots[: MOST_SLOTS - 1]
    told = [(slot, slot.zone.name, "slot", _explain(slot, box)) for slot in shown]
    hidden = len(box.slots) - len(shown) + box.others
    if hidden:
        words = ngettext("%(n)d more slot", "%(n)d more slots", hidden) % {"n": hidden}
        told.append((None, words, "foreign", ""))
    if box.free and not box.exclusive:
        words = ngettext("%(n)d slot free", "%(n)d slots free", box.free) % {"n": box.free}
        told.append((None, words, "free", ""))
    elif not told:
        told.append((None, _("No slot yet"), "free", ""))
    return tuple(Row(HEAD + number * SLOT_HEIGHT, *one) for number, one in enumerate(told))


def _explain(slot: Slot, box: Box) -> str:
    return _("Trust Zone %(zone)s of %(customer)s on %(node)s, %(key)s") % {
        "zone": slot.zone.name,
        "customer": slot.zone.service.customer.name,
        "node": box.node.name,
        "key": slot.get_backup_key_display(),
    }


def _height(box: Box, rows: Sequence[Row]) -> int:
    return HEAD + len(rows) * SLOT_HEIGHT + (FOOT if box.load else 8)


def _lines(picture: Picture, placed: Sequence[Placed]) -> Iterator[Line]:
    for number, (cluster, nodes) in enumerate(picture.links):
        members = [one for one in placed if one.box.node.pk in nodes]
        track = number * TRACK + 4
        spots = [(one.x + PAD + number * TRACK, one.y + one.height) for one in members]
        turns = [bottom + 6 + number * TRACK for _, bottom in spots]
        stubs = "".join(
            f"M{x} {bottom}V{turn}H{track}" for (x, bottom), turn in zip(spots, turns, strict=True)
        )
        names = ", ".join(sorted(one.box.node.name for one in members))
        yield Line(
            cluster,
            f"{stubs}M{track} {min(turns)}V{max(turns)}",
            tuple(spots),
            _("Cluster %(name)s, %(mode)s: %(nodes)s")
            % {"name": cluster.name, "mode": cluster.get_mode_display().lower(), "nodes": names},
        )
