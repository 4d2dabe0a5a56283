"""What the HSM itself takes to make a key: what an agent asks of its drivers for it, and nothing else."""

import secrets
import time
from pathlib import Path
from typing import Self

from hsmnodes.node.drivers.pkcs11.profile import softhsm2
from hsmnodes.node.drivers.supervisor import DriverProcess, Drivers
from hsmnodes.node.drivers.values import Algorithm, KeySpec, Usage

PIN = "123456789012"


class Hsm:
    """The tokens of an agent and of a zone in `folder`, each with its driver process."""

    def __init__(self, folder: Path) -> None:
        self._drivers = Drivers(softhsm2())
        self._agent = self._token(folder / "agent")
        self._zone = self._token(folder / "zone")
        self._agent.generate_identity("identity")
        self._backup_key = secrets.token_bytes(16)
        self._zone.install_backup_key("backup", self._backup_key, secrets.token_bytes(32), PIN)

    def generate(self) -> float:
        """Seconds to record the journal's head, make a P-256 key, wrap it, sign backup and receipt."""
        key_id = secrets.token_bytes(16)
        spec = KeySpec(
            key_id=key_id,
            label=key_id.hex(),
            algorithm=Algorithm.EC_P256,
            usages=frozenset({Usage.SIGN}),
        )
        began = time.perf_counter()
        self._agent.write_record("head", secrets.token_bytes(100))
        self._zone.generate_key(spec)
        self._zone.wrap_keys([key_id], self._backup_key)
        self._zone.backup_key_kcv(self._backup_key)
        self._agent.sign_identity(secrets.token_bytes(32))
        self._agent.sign_identity(secrets.token_bytes(32))
        return time.perf_counter() - began

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._drivers.close()

    def _token(self, folder: Path) -> DriverProcess:
        driver = self._drivers.get(folder)
        driver.initialise(folder.name, PIN, PIN)
        driver.open(folder.name, lambda: PIN)
        return driver
