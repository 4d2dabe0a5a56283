"""One thing to look at in who can do what."""

from dataclasses import dataclass

GRAVITY = ("bad", "odd", "wait", "quiet")


@dataclass(frozen=True)
class Warned:
    """What it is, what to do; `authorities` are those whose charters would change. The state is a gravity."""

    title: str
    advice: str
    state: str
    authorities: tuple[str, ...] = ()
