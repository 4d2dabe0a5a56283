"""Making a node: its state directory, the agent's token with the identity key, the first entry."""

from collections.abc import Mapping
from typing import Any

from hsmnodes.node.agent.agent_token import make_agent_token, open_agent_token
from hsmnodes.node.agent.config import Config
from hsmnodes.node.agent.errors import NodeError
from hsmnodes.node.agent.hsm_head import HsmHead
from hsmnodes.node.agent.journal import Draft, Journal
from hsmnodes.node.agent.store import Store
from hsmnodes.node.drivers.base import DriverPool
from hsmnodes.node.protocol import canonical


def install(config: Config, pool: DriverPool, *, now: int) -> bytes:
    """Make a node, or finish what was begun, and return its identity key's point (65 bytes).

    Does nothing to a node that is there. Raises NodeError if another node is, and DriverError.
    """
    config.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    store = Store(config.database)
    try:
        journal = Journal(store)
        if journal.head.sequence == 0:
            identity = make_agent_token(config, pool)
            journal.append([Draft("begun", beginning(config, identity))], at=now)
        head = HsmHead(open_agent_token(config, pool))
        if head.read() is None:
            if journal.head.sequence != 1:
                raise NodeError("The HSM has no record of the journal, so it is not the HSM of this node.")
            head.write(journal.head)
        return check_beginning(config, journal)
    finally:
        store.close()


def beginning(config: Config, identity: bytes) -> Mapping[str, Any]:
    """The body of a journal's first entry: which node it is of."""
    return {
        "deployment": config.deployment,
        "demo": config.demo,
        "node": config.node.model_dump(),
        "identity": canonical.b64u(identity),
        "provider_founding": config.provider_founding,
    }


def check_beginning(config: Config, journal: Journal) -> bytes:
    """The identity key's point by the journal, which must be of the node that is configured.

    Raises NodeError if it is of another, or there is none.
    """
    first = next(journal.verify(), None)
    if first is None or first.kind != "begun":
        raise NodeError("There is no node here yet: make it with quorate-node init.")
    identity = canonical.b64u_decode(first.body["identity"])
    if first.body != beginning(config, identity):
        raise NodeError("The journal is of another node, deployment or provider than the configuration.")
    return identity
