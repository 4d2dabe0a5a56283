"""One agent a state directory: who holds the lock runs the node."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from hsmnodes.node.agent.config import Config
from hsmnodes.node.agent.errors import NodeError


@contextmanager
def alone(config: Config) -> Iterator[None]:
    """Hold the node's lock. Raises NodeError if another process does."""
    config.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (config.state / "agent.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise NodeError(f"The node {config.node.name} is running already.") from None
        yield


def is_running(config: Config) -> bool:
    """Whether a process holds the node's lock."""
    if not config.state.exists():
        return False
    try:
        with alone(config):
            return False
    except NodeError:
        return True
