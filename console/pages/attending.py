"""One thing that needs somebody's attention."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Concern:
    """One thing to look at; `state` gives its colour."""

    title: str
    advice: str
    address: str
    state: str = "wait"
