"""The vault: random PINs and sealed keys, encrypted under the storage key in the agent's own token."""

import secrets
from collections.abc import Callable
from typing import cast

from hsmnodes.node.agent.config import Config
from hsmnodes.node.agent.store import Store
from hsmnodes.node.drivers.base import Driver
from hsmnodes.node.drivers.errors import ObjectNotFound


class Vault:
    """Secrets by name, each sealed for this node and that name. Methods raise DriverError."""

    def __init__(self, config: Config, store: Store, driver: Driver) -> None:
        self._context = f"quorate/vault/v1 {config.deployment} {config.node.id} "
        self._store = store
        self._driver = driver

    def get(self, name: str) -> bytes | None:
        """The secret of this name, or None."""
        rows = self._store.rows("SELECT sealed FROM vault WHERE name = ?", name)
        if not rows:
            return None
        return self._driver.open_sealed(cast("bytes", rows[0][0]), self._context_of(name))

    def put(self, name: str, secret: bytes) -> None:
        """Keep a secret under a name that is not used yet; on disk when this returns."""
        sealed = self._driver.seal(secret, self._context_of(name))
        with self._store.transaction() as connection:
            connection.execute("INSERT INTO vault VALUES (?, ?)", (name, sealed))

    def pin(self, name: str, make: Callable[[], str] | None = None) -> str:
        """The PIN of this name, made at random when it is first asked for: by `make`, if that is given."""
        known = self.get(name)
        if known is None:
            known = (make or new_pin)().encode("ascii")
            self.put(name, known)
        return known.decode("ascii")

    def known_pin(self, name: str) -> str:
        """The PIN of this name. Raises ObjectNotFound if none was ever made."""
        known = self.get(name)
        if known is None:
            raise ObjectNotFound(f"the vault has no PIN called {name}")
        return known.decode("ascii")

    def names(self, prefix: str) -> list[str]:
        """The names that begin with `prefix`."""
        rows = self._store.rows("SELECT name FROM vault WHERE substr(name, 1, ?) = ?", len(prefix), prefix)
        return [str(name) for (name,) in rows]

    def forget_one(self, name: str) -> None:
        """Drop the secret of this name, and no other."""
        with self._store.transaction() as connection:
            connection.execute("DELETE FROM vault WHERE name = ?", (name,))

    def forget(self, prefix: str) -> None:
        """Drop every secret whose name begins with `prefix`."""
        with self._store.transaction() as connection:
            connection.execute("DELETE FROM vault WHERE substr(name, 1, ?) = ?", (len(prefix), prefix))

    def _context_of(self, name: str) -> bytes:
        return (self._context + name).encode("ascii")


def new_pin() -> str:
    """A PIN nobody knows: 192 random bits, as 48 hexadecimal digits."""
    return secrets.token_hex(24)
