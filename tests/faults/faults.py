"""The faults, each as it is struck and mended."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.faults.hosting import CONSOLE_PORT, SET_CLOCK, SKEW_SECONDS, SMALL_DISK, Hosting
from tests.faults.node_host import PORT, NodeHost
from tests.faults.trials import Measured, Trial
from tests.servers.process import wait_until

HALF_AN_HOUR = 1800
A_LITTLE = 4 * SKEW_SECONDS


def node_killed(hosting: Hosting, seconds: float) -> Measured:
    """kill -9 of the agent of the first node, and so of all that it serves."""
    node = hosting.nodes["ams-1"]
    with Trial(hosting, "a node is killed", "ams-1").under_load() as trial:
        trial.strike(node.kill)
        trial.wait_until_served()
        trial.mend(node.start, after=seconds)
    return trial.measured


def link_cut(hosting: Hosting, seconds: float) -> Measured:
    """The first node falls silent: nothing says that it is gone."""
    host = hosting.network.hosts["ams-1"]
    with Trial(hosting, "the link of a node is cut", "ams-1").under_load() as trial:
        trial.strike(host.cut)
        trial.wait_until_served()
        trial.mend(host.mend, after=seconds)
        trial.measured.notes["sessions left over on the node"] = host.sessions(PORT)
    return trial.measured


def data_centre_cut(hosting: Hosting, seconds: float) -> Measured:
    """Two of the three nodes fall silent at once."""
    site = hosting.network.sites["ams"]
    with Trial(hosting, "a data centre is cut off", "ams-1", "ams-2").under_load() as trial:
        trial.strike(site.cut)
        trial.wait_until_served()
        trial.mend(site.mend, after=seconds)
    return trial.measured


def broker_restarted(hosting: Hosting, seconds: float) -> Measured:
    """kill -9 of the broker, which then starts again with its queues."""
    with Trial(hosting, "the broker is restarted").under_load() as trial, hosting.broker_host():
        trial.strike(hosting.broker.kill)
        trial.mend(hosting.broker.start, after=seconds)
    return trial.measured


def broker_hangs(hosting: Hosting, seconds: float) -> Measured:
    """The broker takes connections and does not answer, as one whose disk is full."""
    with Trial(hosting, "the broker hangs").under_load() as trial:
        trial.strike(lambda: hosting.broker.signal(signal.SIGSTOP))
        trial.measured.notes["s for a signature at the console, at most"] = _slowest_page(hosting, seconds)
        trial.mend(lambda: hosting.broker.signal(signal.SIGCONT), after=seconds)
    return trial.measured


def _slowest_page(hosting: Hosting, seconds: float) -> float:
    """How long a person who signs has to wait for the page, at most."""
    until, slowest = time.monotonic() + seconds, 0.0
    while time.monotonic() < until and hosting.ready:
        began = time.monotonic()
        hosting.approve()
        slowest = max(slowest, time.monotonic() - began)
    return slowest


def console_restarted(hosting: Hosting, seconds: float) -> Measured:
    """kill -9 of pages and worker, in the middle of what they dispatch."""
    console = hosting.network.hosts["console"]
    with Trial(hosting, "the console is restarted").under_load() as trial:
        trial.strike(hosting.kill_console)
        assert not console.reaches(console, CONSOLE_PORT)
        trial.mend(hosting.start_console, after=seconds)
    return trial.measured


def disk_full(hosting: Hosting, seconds: float) -> Measured:
    """The disk of a node has no room: it must say so, lose nothing, and go on when there is some."""
    node = hosting.nodes[SMALL_DISK]
    with Trial(hosting, "the disk of a node is full").under_load() as trial:
        with node.full_disk():
            trial.strike(lambda: None)
            assert wait_until(lambda: "disk" in hosting.shown(node)[2], seconds=60), hosting.shown(node)
            trial.measured.notes["s until the console says so"] = time.monotonic() - trial.began
            time.sleep(max(0.0, trial.began + seconds - time.monotonic()))
        trial.wait_until_whole()
    return trial.measured


def clock_ahead(hosting: Hosting, seconds: float) -> Measured:
    """The clock of a node is ahead for a while: its own time then waits for the others."""
    node = hosting.nodes[SET_CLOCK]
    with Trial(hosting, "the clock of a node is ahead").under_load() as trial, _fake_clock(node):
        trial.strike(lambda: node.set_clock(A_LITTLE))
        assert wait_until(lambda: "ahead" in hosting.shown(node)[2], seconds=60), hosting.shown(node)
        trial.measured.notes["s until the console says so"] = time.monotonic() - trial.began
        trial.mend(lambda: node.set_clock(0), after=seconds)
    return trial.measured


def clock_behind(hosting: Hosting, seconds: float) -> Measured:
    """The clock of a node is set back by half an hour: what has expired must stay expired."""
    node = hosting.nodes[SET_CLOCK]
    with Trial(hosting, "the clock of a node is set back").under_load() as trial, _fake_clock(node):
        trial.strike(lambda: node.set_clock(-HALF_AN_HOUR))
        trial.mend(lambda: node.set_clock(0), after=seconds)
    return trial.measured


@contextmanager
def _fake_clock(node: NodeHost) -> Iterator[None]:
    """Have the node's clock be one that can be set."""
    node.stop()
    node.start(fake_clock=True)
    yield
    node.stop()
    node.start()


FAULTS: dict[str, Callable[[Hosting, float], Measured]] = {
    "node-killed": node_killed,
    "link-cut": link_cut,
    "data-centre-cut": data_centre_cut,
    "broker-restarted": broker_restarted,
    "broker-hangs": broker_hangs,
    "console-restarted": console_restarted,
    "disk-full": disk_full,
    "clock-behind": clock_behind,
    "clock-ahead": clock_ahead,
}
