"""The console's clock in the two forms that are needed: Unix seconds, and a datetime."""

import time
from datetime import UTC, datetime


def unix_now() -> int:
    """Now, in whole Unix seconds."""
    return int(time.time())


def now() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


def to_unix(moment: datetime) -> int:
    """A moment in whole Unix seconds, as documents state it."""
    return int(moment.timestamp())


def from_unix(seconds: int) -> datetime:
    """The moment that a document states in Unix seconds."""
    return datetime.fromtimestamp(seconds, UTC)
