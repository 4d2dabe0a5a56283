"""Network namespaces without a name: they are gone, with all that is in them, when nobody holds them."""

import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

NEW_NET = 0x40000000
THIS_THREAD = "/proc/thread-self/ns/net"

libc = ctypes.CDLL(None, use_errno=True)


class NoNamespaces(Exception):
    """This machine lets nobody make network namespaces, or what is needed in them; says which."""


class Namespace:
    """A network of its own, with a loopback and nothing else. What is started inside stays inside."""

    def __init__(self) -> None:
        here = os.open(THIS_THREAD, os.O_RDONLY)
        try:
            if libc.unshare(NEW_NET):
                raise NoNamespaces(f"a network namespace: {os.strerror(ctypes.get_errno())}")
            self.descriptor = os.open(THIS_THREAD, os.O_RDONLY)
        finally:
            _enter(here)
            os.close(here)
        self.ip("link set lo up")

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Have this thread, and what it starts meanwhile, be inside."""
        here = os.open(THIS_THREAD, os.O_RDONLY)
        _enter(self.descriptor)
        try:
            yield
        finally:
            _enter(here)
            os.close(here)

    @property
    def path(self) -> str:
        """A file by which `ip` can be told of it."""
        return f"/proc/{os.getpid()}/fd/{self.descriptor}"

    def ip(self, words: str) -> None:
        """Run ip(8) inside. Raises NoNamespaces with what it says if it fails."""
        with self.entered():
            try:
                done = subprocess.run(["ip", *words.split()], capture_output=True, text=True, check=False)
            except FileNotFoundError:
                raise NoNamespaces("ip, of the package iproute2") from None
        if done.returncode:
            raise NoNamespaces(f"ip {words}: {done.stderr.strip()}")

    def close(self) -> None:
        """Let go of it."""
        os.close(self.descriptor)


def _enter(descriptor: int) -> None:
    if libc.setns(descriptor, NEW_NET):
        raise OSError(ctypes.get_errno(), "a network namespace cannot be entered")
