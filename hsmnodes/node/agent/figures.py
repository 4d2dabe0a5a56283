"""Figures: what a node measures of itself and its machine, for heartbeats and for who watches it."""

import os
import shutil
from typing import TYPE_CHECKING

from hsmnodes.node.protocol.documents.node import Figures

if TYPE_CHECKING:
    from hsmnodes.node.agent.node import Node


def measure(node: "Node") -> Figures | None:
    """The figures of this moment; none where the machine does not tell them."""
    config = node.parts.config
    try:
        disk = shutil.disk_usage(config.state)
        load = os.getloadavg()[0]
    except OSError:
        return None
    return Figures(
        operations=node.summary.operations,
        held=node.held,
        load=round(100 * load / (os.cpu_count() or 1)),
        disk_free=disk.free,
        disk_size=disk.total,
        clock_behind=node.parts.clock.behind,
        applications=None if node.sessions is None else len(node.served),
        sessions=None if node.sessions is None else node.sessions(),
    )
