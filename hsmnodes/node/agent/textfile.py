"""Metrics of a node as a file for the textfile collector of Prometheus's node exporter: no port is opened.

The text exposition format, version 0.0.4. The file is replaced as a whole, so that nobody reads half of it;
it holds no secret, and everybody on the machine may read it.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from hsmnodes.node.protocol.documents.charter import Charter
from hsmnodes.node.protocol.documents.node import Heartbeat

READABLE = 0o644
STATES = ("starting", "ready", "refusing")


def write_metrics(file: Path, said: Heartbeat, charters: tuple[Charter, ...], *, peers: int) -> None:
    """Write what a heartbeat says, and when the charters end that the node goes by. Raises OSError."""
    new = file.with_name(f".{file.name}.new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, READABLE)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        os.fchmod(descriptor, READABLE)
        stream.writelines(_lines(said, charters, peers))
    new.replace(file)


def _lines(said: Heartbeat, charters: tuple[Charter, ...], peers: int) -> Iterator[str]:
    versions = said.versions
    yield from _metric(
        "info",
        "What runs on the node.",
        ({"id": said.node.id, "name": said.node.name} | versions.model_dump(), 1),
    )
    states = [({"state": state}, int(state == said.state)) for state in STATES]
    yield from _metric("state", "1 for the state that the node is in.", *states)
    yield from _metric("heartbeat_timestamp_seconds", "When this was written.", ({}, said.at))
    yield from _metric("enrolled", "Whether the node knows itself enrolled.", ({}, int(said.enrolled)))
    yield from _metric(
        "at_work", "Whether a warrant is being carried out.", ({}, int(said.at_work is not None))
    )
    yield from _metric("journal_entries", "Entries of the journal.", ({}, said.journal.sequence))
    yield from _metric("peers", "Other nodes that witness its journal.", ({}, peers))
    yield from _metric("slots", "Slots that it may have.", ({}, said.capacity.slots))
    yield from _metric("slots_used", "Slots that it has.", ({}, said.capacity.slots_used))
    yield from _metric("keys", "Keys in them.", ({}, said.capacity.keys))
    figures = said.figures
    if figures is not None:
        yield from _metric(
            "operations_total",
            "Steps of warrants carried out since the node was made.",
            ({}, figures.operations),
            kind="counter",
        )
        yield from _metric("held_messages", "Messages that wait until it may act.", ({}, figures.held))
        yield from _metric(
            "clock_behind_seconds",
            "The machine's clock behind a time it has known.",
            ({}, figures.clock_behind),
        )
        yield from _metric("disk_free_bytes", "Free where the journal is.", ({}, figures.disk_free))
        yield from _metric("disk_size_bytes", "In all where the journal is.", ({}, figures.disk_size))
        if figures.sessions is not None and figures.applications is not None:
            yield from _metric("applications", "Applications that are served.", ({}, figures.applications))
            yield from _metric("sessions", "Open connections of applications.", ({}, figures.sessions))
    ends = [({"kind": one.authority.kind, "id": one.authority.id}, one.valid_until) for one in charters]
    if ends:
        yield from _metric("charter_valid_until_seconds", "When a charter it goes by ends.", *ends)


def _metric(
    name: str, words: str, *samples: tuple[dict[str, str], int], kind: str = "gauge"
) -> Iterator[str]:
    yield f"# HELP quorate_node_{name} {words}\n# TYPE quorate_node_{name} {kind}\n"
    for labels, value in samples:
        told = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
        yield f"quorate_node_{name}{{{told}}} {value}\n" if told else f"quorate_node_{name} {value}\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
