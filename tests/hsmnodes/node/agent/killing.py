"""Killing an agent with kill -9 at a chosen moment of a warrant's life."""

import os
import random
import signal
import threading
from collections.abc import Callable

from hsmnodes.node.agent.node import Node
from hsmnodes.node.drivers.supervisor import DriverProcess
from tests.hsmnodes.node.agent.making import Site, real_drivers


def die(*_args, **_kwargs):
    """kill -9, by and of this process."""
    os.kill(os.getpid(), signal.SIGKILL)


def _before(owner, method: str, condition=lambda *_args: True) -> None:
    plain = getattr(owner, method)

    def wrapped(*args, **kwargs):
        if condition(*args):
            die()
        return plain(*args, **kwargs)

    setattr(owner, method, wrapped)


def _after(owner, method: str, condition=lambda *_args: True) -> None:
    plain = getattr(owner, method)

    def wrapped(*args, **kwargs):
        result = plain(*args, **kwargs)
        if condition(*args):
            die()
        return result

    setattr(owner, method, wrapped)


def _writes(kind: str):
    return lambda drafts: any(draft.kind == kind for draft in drafts)


def _during_the_act(node: Node) -> None:
    """At a random moment from when the operation begins."""
    plain = node.parts.executor._act

    def act(warrant):
        moment = random.SystemRandom().uniform(0, 0.15)
        timer = threading.Timer(moment, die)
        timer.daemon = True
        timer.start()
        return plain(warrant)

    node.parts.executor._act = act


def _while_the_old_key_is_retired(node: Node) -> None:
    """At a random moment from when the outcome is on disk and the old backup key is to go."""
    plain = node.parts.zones.destroy_other_backup_keys

    def destroy(zone):
        timer = threading.Timer(random.SystemRandom().uniform(0, 0.01), die)
        timer.daemon = True
        timer.start()
        return plain(zone)

    node.parts.zones.destroy_other_backup_keys = destroy


def _in_a_driver_call(node: Node) -> None:
    """At a random moment of a random call to a zone's HSM: the driver's process dies with the agent."""
    plain, left = DriverProcess.call, [random.SystemRandom().randrange(1, 12)]

    def call(driver, method, arguments):
        left[0] -= 1
        if left[0] == 0:
            timer = threading.Timer(random.SystemRandom().uniform(0, 0.01), die)
            timer.daemon = True
            timer.start()
        return plain(driver, method, arguments)

    DriverProcess.call = call


MOMENTS: dict[str, Callable[[Node], None]] = {
    "before the intent": lambda node: _before(node.parts.ledger, "write", _writes("intent")),
    "after the intent": lambda node: _after(node.parts.ledger, "write", _writes("intent")),
    "after the head is in the HSM": lambda node: _after(node.parts.executor._hsm_head, "write"),
    "during the act": _during_the_act,
    "in a driver call": _in_a_driver_call,
    "before the outcome": lambda node: _before(node.parts.ledger, "write", _writes("outcome")),
    "after the outcome": lambda node: _after(node.parts.ledger, "write", _writes("outcome")),
    "after the signature": lambda node: _after(node.parts.identity.driver, "sign_identity"),
    "before the answer": lambda node: _after(node.parts.executor, "repeat"),
}

RETIRING: dict[str, Callable[[Node], None]] = {
    "before the old backup key is destroyed": lambda node: _before(
        node.parts.zones, "destroy_other_backup_keys"
    ),
    "while the old backup key is destroyed": _while_the_old_key_is_retired,
    "before the old backup key is forgotten": lambda node: _before(
        node.parts.zones._backup_keys, "forget_others"
    ),
}
"""After a rotation, when its outcome is on disk."""


def deliver_and_kill(site: Site, text: str, moment: str) -> None:
    """Start the (stopped) node in a process of its own, give it a message, and kill it at `moment`."""
    pid = os.fork()
    if pid == 0:
        try:
            node = Node(site.config, real_drivers(), source=site.clock)
            (MOMENTS | RETIRING)[moment](node)
            node.deliver(text)
            die()  # the moment did not come: then right after the end
        finally:
            os._exit(1)
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status), "the agent was not killed but ended by itself"
    assert os.WTERMSIG(status) == signal.SIGKILL
