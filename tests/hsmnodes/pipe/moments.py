"""The moments of a warrant's life at which who is at work can be killed, by kill -9 of itself.

A node's own steps are in tests/hsmnodes/node/agent/killing.py.
"""

import os
import signal
from collections.abc import Callable
from typing import Any

from tests.hsmnodes.node.agent import killing


def die_all() -> None:
    """kill -9 of the whole part: its main process and those of its pool."""
    os.killpg(0, signal.SIGKILL)


def before(owner: Any, name: str, condition: Callable[..., bool] = lambda *_: True) -> None:
    """Die instead of calling a function of `owner`."""
    plain = getattr(owner, name)
    setattr(owner, name, lambda *a, **k: die_all() if condition(*a) else plain(*a, **k))


def after(owner: Any, name: str, condition: Callable[..., bool] = lambda *_: True) -> None:
    """Die when a function of `owner` has returned."""
    plain = getattr(owner, name)

    def wrapped(*arguments: Any, **options: Any) -> Any:
        result = plain(*arguments, **options)
        if condition(*arguments):
            die_all()
        return result

    setattr(owner, name, wrapped)


def _sends_warrant(*arguments: Any) -> bool:
    return '"kind":"warrant"' in arguments[-1]


def _take_receipt(change: Callable[..., None]) -> None:
    from hsmnodes import incoming, receipts

    change(receipts, "take_receipt")
    purpose, _ = incoming.HANDLERS["receipt"]
    incoming.HANDLERS = {**incoming.HANDLERS, "receipt": (purpose, receipts.take_receipt)}


def _of(module: str, name: str, change: Callable[..., None], *condition: Any) -> Callable[[], None]:
    def arm() -> None:
        import importlib

        change(importlib.import_module(module), name, *condition)

    return arm


# Who gives the last signature: a page of the console.
PEOPLE: dict[str, Callable[[], None]] = {
    "before the decision is kept": _of("hsmnodes.outbox", "put", after),
    "after the decision is kept": _of("hsmnodes.outbox", "_hand_over", before),
    "after the broker has it": _of("hsmnodes.carrier", "send_to_node", after),
}

WORKER: dict[str, Callable[[], None]] = {
    "before a receipt is read": lambda: _take_receipt(before),
    "while a receipt is kept": _of("hsmnodes.receipts", "_keep", after),
    "after a receipt is kept": lambda: _take_receipt(after),
    "before it is sent again": _of("hsmnodes.carrier", "send_to_node", before, _sends_warrant),
    "after it was sent again": _of("hsmnodes.carrier", "send_to_node", after, _sends_warrant),
    "after it was noted as sent": _of("hsmnodes.outbox", "_hand_over", after),
}


def _after_the_answer(_node: Any) -> None:
    from hsmnodes.node.agent.app import Console

    after(Console, "_send", lambda *arguments: arguments[-1].kind == "receipt")


NODE: dict[str, Callable[[Any], None]] = {
    "before it is read": lambda node: before(node, "deliver", _sends_warrant),
    **{
        moment: killing.MOMENTS[moment]
        for moment in (
            "before the intent",
            "after the intent",
            "after the head is in the HSM",
            "during the act",
            "before the outcome",
            "after the outcome",
            "before the answer",
        )
    },
    "after the answer": _after_the_answer,
}

ALL = {"people": PEOPLE, "worker": WORKER, "node": NODE}
