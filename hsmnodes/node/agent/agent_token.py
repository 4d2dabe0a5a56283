"""The agent's own token: identity key, storage key, and the journal's head. Its PIN is in a file beside it.

Making it goes on where an attempt broke off: what is there already is left as it is.
"""

from contextlib import suppress
from pathlib import Path

from hsmnodes.node.agent.config import Config
from hsmnodes.node.agent.errors import NodeError
from hsmnodes.node.agent.vault import new_pin
from hsmnodes.node.drivers.base import Driver, DriverPool
from hsmnodes.node.drivers.errors import ObjectExists, TokenExists

LABEL = "quorate-agent"
IDENTITY_LABEL = "quorate-identity"


def make_agent_token(config: Config, pool: DriverPool) -> bytes:
    """Make the agent's token with its keys, or finish what was begun; the identity key's point (65 bytes).

    Raises DriverError.
    """
    driver = pool.get(_directory(config))
    so_pin, pin = _pin_file(config, "agent.so-pin"), _pin_file(config, "agent.pin")
    with suppress(TokenExists):
        driver.initialise(LABEL, so_pin, pin)
    driver.open(LABEL, lambda: pin)
    with suppress(ObjectExists):
        driver.generate_storage_key()
    try:
        return driver.generate_identity(IDENTITY_LABEL)
    except ObjectExists:
        return driver.identity_public()


def open_agent_token(config: Config, pool: DriverPool) -> Driver:
    """The agent's token, logged in. Raises DriverError, and NodeError if the PIN's file is not there."""
    driver = pool.get(_directory(config))
    driver.open(LABEL, lambda: _read_pin(config.state / "agent.pin"))
    return driver


def _directory(config: Config) -> Path:
    return config.state / "agent-token"


def _pin_file(config: Config, name: str) -> str:
    """The PIN in a file that its owner alone can read; made at random if it is not there."""
    file = config.state / name
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(new_pin())
    return _read_pin(file)


def _read_pin(file: Path) -> str:
    try:
        return file.read_text("ascii")
    except OSError as error:
        raise NodeError(f"Cannot read the agent's PIN in {file}: {error.strerror}.") from None
