"""The endpoint beside the agent: it serves what the node says, and only while the agent runs."""

from collections.abc import Iterator
from contextlib import contextmanager

from hsmnodes.node.agent.config import Config
from hsmnodes.node.agent.errors import NodeError
from hsmnodes.node.agent.node import Node
from hsmnodes.node.agent.pools import profile_of
from hsmnodes.node.endpoint.endpoint import Endpoint
from hsmnodes.node.endpoint.folder import EndpointError
from hsmnodes.node.endpoint.haproxy import Address


@contextmanager
def serving(config: Config, node: Node) -> Iterator[None]:
    """Serve the node's applications, if it is configured to. Raises NodeError if it cannot."""
    settings = config.endpoint
    if settings is None:
        yield
        return
    folder = node.parts.zones.applications.folder
    try:
        folder.require_reachable()
    except EndpointError as error:
        raise NodeError(str(error)) from None
    endpoint = Endpoint(
        folder,
        Address(settings.address, settings.port),
        profile_of(config),
        lambda: node.served,
        now=node.parts.clock.now,
        why_not=node.parts.zones.applications.why_not,
    )
    endpoint.start()
    node.sessions = endpoint.sessions
    try:
        yield
    finally:
        endpoint.stop()
