"""`FakeDriver`: a driver without an HSM, for fast tests only.

It keeps its token in clear in one file of the token directory, so that a test can restart its node.
"""

from collections.abc import Mapping
from pathlib import Path
from threading import RLock
from typing import Any

from hsmnodes.node.drivers.arguments import checked
from hsmnodes.node.drivers.base import PinSource
from hsmnodes.node.drivers.calling import CallingDriver
from hsmnodes.node.drivers.errors import DriverError, PinRefused, TokenExists, TokenNotFound, TokenNotOpen
from hsmnodes.node.drivers.fake.token import FakeToken
from hsmnodes.node.drivers.return_values import ReturnValue

FILE_NAME = "fake-token.json"
CHANGING = {
    "destroy_other_backup_keys",
    "destroy_key",
    "generate_identity",
    "generate_key",
    "generate_storage_key",
    "install_backup_key",
    "make_copies",
    "unwrap_key",
    "unwrap_keys",
    "write_record",
}


class FakeDriver(CallingDriver):
    """The fake driver of a token directory. Refuses to exist unless it is told that this is a test."""

    def __init__(self, directory: Path, *, for_tests_only: bool = False) -> None:
        if not for_tests_only:
            raise DriverError("the fake driver protects no key and is for tests only")
        self._file = directory / FILE_NAME
        self._token: FakeToken | None = None
        self._lock = RLock()

    def open(self, label: str, pin: PinSource) -> None:
        self.call("open", {"label": label, "pin": pin()})

    def close(self) -> None:
        with self._lock:
            self._token = None

    def call(self, method: str, arguments: Mapping[str, object]) -> Any:
        """Carry out a call as a driver process would, and keep what it changed."""
        given = dict(checked(method, arguments))
        with self._lock:
            if method == "initialise":
                return self._initialise(**given)
            if method == "open":
                return self._open(**given)
            if self._token is None:
                raise TokenNotOpen(f"could not {method.replace('_', ' ')}: the token is not open")
            result = getattr(self._token, method)(**given)
            if method in CHANGING:
                self._keep(self._token)
            return result

    def lose_public_half(self, key_id: bytes) -> None:
        """Leave a key as a crash in the middle of its generation could."""
        with self._lock:
            if self._token is None:
                raise TokenNotOpen("the token is not open")
            self._token.lose_public_half(key_id)
            self._keep(self._token)

    def _initialise(self, label: str, so_pin: str, user_pin: str) -> None:
        if self._file.exists():
            raise TokenExists("there is a token in this directory already")
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._keep(FakeToken(label=label, so_pin=so_pin, user_pin=user_pin))

    def _open(self, label: str, pin: str) -> None:
        if self._token is not None:
            return
        token = FakeToken.model_validate_json(self._file.read_bytes()) if self._file.exists() else None
        if token is None or token.label != label:
            raise TokenNotFound(f"there is no token called {label} in this directory")
        if pin != token.user_pin:
            raise PinRefused("could not open the token", ck=ReturnValue.PIN_INCORRECT)
        self._token = token

    def _keep(self, token: FakeToken) -> None:
        written = self._file.with_suffix(".new")
        written.write_text(token.model_dump_json())
        written.replace(self._file)


class FakeDrivers:
    """The fake drivers of a node, one for each token directory. Implements `DriverPool`."""

    def __init__(self, *, for_tests_only: bool = False) -> None:
        self._for_tests_only = for_tests_only
        self._drivers: dict[Path, FakeDriver] = {}

    def get(self, directory: Path) -> FakeDriver:
        key = directory.resolve()
        if key not in self._drivers:
            self._drivers[key] = FakeDriver(key, for_tests_only=self._for_tests_only)
        return self._drivers[key]

    def forget(self, directory: Path) -> None:
        driver = self._drivers.pop(directory.resolve(), None)
        if driver is not None:
            driver.close()

    def close(self) -> None:
        for directory in list(self._drivers):
            self.forget(directory)
