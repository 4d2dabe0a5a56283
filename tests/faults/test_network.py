"""The hosts of these tests: they reach each other over the lines there are, and in no other way."""

import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.servers.process import wait_until

ROOT = Path(__file__).resolve().parents[2]
PORT = 7000
ROUND_TRIP = 0.04
ANSWER = (
    "import socket\nwith socket.create_server(('', 7000)) as one:\n    while True: one.accept()[0].close()"
)


@pytest.fixture
def answering(network):
    """Every host takes connections."""
    programs = []
    for host in network.hosts.values():
        with host.inside.entered():
            programs.append(subprocess.Popen([sys.executable, "-I", "-c", ANSWER]))
    for host in network.hosts.values():
        assert wait_until(lambda host=host: host.reaches(host, PORT), seconds=10)
    yield network
    for program in programs:
        program.kill()
        program.wait()


@contextmanager
def cut(what):
    what.cut()
    try:
        yield
    finally:
        what.mend()


def seconds_to(one, other) -> float:
    began = time.monotonic()
    assert one.reaches(other, PORT)
    return time.monotonic() - began


def test_what_goes_to_another_site_takes_its_time(answering):
    ams_1, ams_2, fra_1 = answering.hosts.values()
    seconds_to(ams_1, fra_1), seconds_to(ams_1, ams_2)  # they find each other's addresses
    assert seconds_to(ams_1, ams_2) < ROUND_TRIP / 2
    assert ROUND_TRIP <= seconds_to(ams_1, fra_1) < 5 * ROUND_TRIP


def test_a_host_whose_link_is_cut_is_reached_by_nobody_and_sees_no_more_than_silence(answering):
    ams_1, ams_2, fra_1 = answering.hosts.values()
    with cut(ams_1):
        assert not ams_2.reaches(ams_1, PORT)
        assert not ams_1.reaches(fra_1, PORT)
        assert ams_2.reaches(fra_1, PORT)
        with ams_1.inside.entered():
            shown = subprocess.run(["ip", "link", "show", "eth0"], capture_output=True, text=True, check=True)
        assert "LOWER_UP" in shown.stdout
    assert wait_until(lambda: ams_2.reaches(ams_1, PORT), seconds=5)


def test_the_hosts_of_a_site_that_is_cut_off_have_each_other(answering):
    ams_1, ams_2, fra_1 = answering.hosts.values()
    with cut(answering.sites["ams"]):
        assert ams_1.reaches(ams_2, PORT)
        assert not ams_1.reaches(fra_1, PORT)
        assert not fra_1.reaches(ams_2, PORT)
    assert wait_until(lambda: fra_1.reaches(ams_2, PORT), seconds=5)


def test_a_host_is_not_on_the_network_of_this_machine(network):
    host = network.hosts["ams-1"]
    with host.inside.entered():
        shown = subprocess.run(["ip", "-brief", "link"], capture_output=True, text=True, check=True).stdout
    assert sorted(line.split("@")[0].split()[0] for line in shown.splitlines()) == ["eth0", "lo"]


MADE = """
import os, signal
from tests.faults.network import Network
network = Network(5)
network.add_site("ams", "ams-1")
network.connect()
for one in (network.sites["ams"], network.hosts["ams-1"]):
    print(f"net:[{os.fstat(one.inside.descriptor).st_ino}]", end=" ")
print(flush=True)
signal.pause()
"""


def test_nothing_is_left_of_a_network_whose_maker_was_killed(network):
    maker = subprocess.Popen([sys.executable, "-c", MADE], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    made = set(maker.stdout.readline().split())
    assert len(made) == 2
    assert made <= namespaces()
    maker.kill()
    maker.communicate()
    assert wait_until(lambda: not made & namespaces(), seconds=10)


def namespaces() -> set[str]:
    """The namespaces that some process holds or is in."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile
            found |= {str(link.readlink()) for link in (*(process / "fd").iterdir(), process / "ns" / "net")}
    return found
