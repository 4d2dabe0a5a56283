"""Driver processes from the agent's side: one for each token directory, restarted when it died.

A call that its process did not survive raises `DriverDied` or `DriverTimeout` and is never repeated: it may
have had effect, and only the caller knows how to find out. The next call starts a new process, which logs in
with the PIN from the source that `open` was given.
"""

from collections.abc import Mapping
from pathlib import Path
from threading import RLock
from typing import Any

from hsmnodes.node.drivers.base import PinSource
from hsmnodes.node.drivers.calling import CallingDriver
from hsmnodes.node.drivers.child_process import ChildProcess
from hsmnodes.node.drivers.errors import DriverDied, DriverError, DriverTimeout
from hsmnodes.node.drivers.pkcs11.profile import Profile
from hsmnodes.node.drivers.wire import Launch

SECONDS_FOR_A_CALL = 60.0


class DriverProcess(CallingDriver):
    """The driver of one token directory, in a process of its own."""

    def __init__(self, profile: Profile, directory: Path) -> None:
        self._launch = Launch(profile=profile, directory=directory.absolute())
        self._child: ChildProcess | None = None
        self._login: tuple[str, PinSource] | None = None
        self._lock = RLock()

    @property
    def pid(self) -> int | None:
        """The id of the driver process, if one was started."""
        return None if self._child is None else self._child.pid

    def open(self, label: str, pin: PinSource) -> None:
        with self._lock:
            if self._login is None or self._login[0] != label:
                self.call("open", {"label": label, "pin": pin()})
            self._login = (label, pin)

    def close(self) -> None:
        with self._lock:
            self._login = None
            child, self._child = self._child, None
            if child is not None:
                child.end()

    def call(self, method: str, arguments: Mapping[str, object]) -> Any:
        """Call a method of the driver in its process, which is started if it does not run."""
        with self._lock:
            return self._running_child().call(method, arguments, SECONDS_FOR_A_CALL)

    def _running_child(self) -> ChildProcess:
        if self._child is None or not self._child.is_alive():
            self._child = self._new_child()
        return self._child

    def _new_child(self) -> ChildProcess:
        """A driver process in the state the old one was in: logged in, if the token was open."""
        if self._child is not None:
            self._child.kill()
        child = ChildProcess()
        try:
            child.launch(self._launch, SECONDS_FOR_A_CALL)
            if self._login is not None:
                self._log_in_again(child, *self._login)
        except BaseException:
            child.kill()
            raise
        return child

    def _log_in_again(self, child: ChildProcess, label: str, pin: PinSource) -> None:
        try:
            child.call("open", {"label": label, "pin": pin()}, SECONDS_FOR_A_CALL)
        except (DriverDied, DriverTimeout):
            raise
        except DriverError:
            self._login = None  # a PIN that was refused is not tried again by itself: the token may lock
            raise


class Drivers:
    """The driver processes of a node, one for each token directory. Implements `DriverPool`."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._processes: dict[Path, DriverProcess] = {}
        self._lock = RLock()

    def get(self, directory: Path) -> DriverProcess:
        with self._lock:
            key = directory.resolve()
            if key not in self._processes:
                self._processes[key] = DriverProcess(self._profile, key)
            return self._processes[key]

    def forget(self, directory: Path) -> None:
        with self._lock:
            process = self._processes.pop(directory.resolve(), None)
        if process is not None:
            process.close()

    def close(self) -> None:
        for directory in list(self._processes):
            self.forget(directory)
