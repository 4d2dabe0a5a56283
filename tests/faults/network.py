"""Hosts at several sites, each a network namespace, and a wide area between the sites that takes its time.

A site is a switch (a bridge) with its hosts on it. What goes from one site to another passes through
tests/faults/wan.py, which delays it. A host that is cut off, and a site that is, notice nothing of it: their
links stay up, and what they send goes nowhere, as when a switch or a line far away fails.

Everything ends with the process that made it, however that ends: the namespaces have no names, and nothing
of them is on any disk.
"""

import fcntl
import os
import socket
import struct
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import psutil

from tests.faults.namespaces import Namespace, NoNamespaces

TAP, NO_HEADER, SET_INTERFACE = 0x0002, 0x1000, 0x400454CA
WAN = Path(__file__).with_name("wan.py")


class Host:
    """A host: its address, its namespace, and whether it can be reached."""

    def __init__(self, name: str, address: str, site: "Site") -> None:
        self.name, self.address, self.site = name, address, site
        self.inside = Namespace()
        site.inside.ip(f"link add name {name} type veth peer name eth0 netns {self.inside.path}")
        site.inside.ip(f"link set {name} up")
        self.inside.ip(f"addr add {address}/24 dev eth0")
        self.inside.ip("link set eth0 up")
        self.mend()

    def cut(self) -> None:
        """Take its cable out of the switch."""
        self.site.inside.ip(f"link set {self.name} nomaster")

    def mend(self) -> None:
        """Put it in."""
        self.site.inside.ip(f"link set {self.name} master switch")

    def reaches(self, other: "Host", port: int, *, seconds: float = 1) -> bool:
        """Whether somebody takes a connection from here."""
        with self.inside.entered(), socket.socket() as probe:
            probe.settimeout(seconds)
            return probe.connect_ex((other.address, port)) == 0

    def sessions(self, port: int) -> int:
        """How many connections to a port there are here that are not ended."""
        with self.inside.entered():
            found = psutil.net_connections("tcp")
        return sum(one.status == psutil.CONN_ESTABLISHED and one.laddr[1] == port for one in found)


class Site:
    """A site: a switch with its hosts, and a line to the other sites."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.inside = Namespace()
        self.inside.ip("link add switch type bridge")
        self.inside.ip("link set switch up")
        with self.inside.entered():
            self.line = _open_tap("line")
        self.inside.ip("link set line up")
        self.mend()

    def cut(self) -> None:
        """Cut the line to the other sites; its hosts still have each other."""
        self.inside.ip("link set line nomaster")

    def mend(self) -> None:
        """Mend the line."""
        self.inside.ip("link set line master switch")


class Network:
    """Sites and hosts. `milliseconds` is what everything takes from one site to another, one way."""

    def __init__(self, milliseconds: float) -> None:
        self.milliseconds = milliseconds
        self.sites: dict[str, Site] = {}
        self.hosts: dict[str, Host] = {}
        self._stack = ExitStack()

    def add_site(self, name: str, *hosts: str) -> None:
        """Add a site with these hosts. Raises NoNamespaces."""
        site = self.sites[name] = Site(name)
        self._stack.callback(site.inside.close)
        self._stack.callback(os.close, site.line)
        for host in hosts:
            made = self.hosts[host] = Host(host, f"10.77.0.{len(self.hosts) + 1}", site)
            self._stack.callback(made.inside.close)

    def connect(self) -> None:
        """Lay the lines between the sites."""
        lines = [site.line for site in self.sites.values()]
        wan = subprocess.Popen(
            [sys.executable, "-I", str(WAN), str(self.milliseconds), *map(str, lines)],
            stdin=subprocess.PIPE,
            pass_fds=lines,
        )
        self._stack.callback(wan.communicate)

    def close(self) -> None:
        """End it."""
        self._stack.close()


def _open_tap(name: str) -> int:
    """A network device whose frames this process reads and writes; its descriptor."""
    try:
        descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(descriptor, SET_INTERFACE, struct.pack("16sH22x", name.encode(), TAP | NO_HEADER))
    except OSError as error:
        raise NoNamespaces(f"a TAP device: {error}") from None
    return descriptor
