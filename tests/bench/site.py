"""A real node for the bench: made by `quorate-node init`, as its installer does."""

import subprocess
import sys
from pathlib import Path

from hsmnodes.models import Node
from hsmnodes.node.agent.config import Config
from hsmnodes.node.agent.installing import check_beginning
from hsmnodes.node.agent.journal import Journal
from hsmnodes.node.agent.store import open_store
from hsmnodes.node.protocol import canonical
from hsmnodes.registering import add_data_centre, register_node
from tenants import charters, deployment
from tests.cast.people import CLEO
from tests.world.nodes import NodeOfWorld
from tests.world.world import World

NAME = "ams-1"


class Site:
    """The node with this id in `folder`, which reaches the console over `broker`."""

    def __init__(self, folder: Path, node_id: str, broker: str) -> None:
        self.folder, self.id, self.broker = folder, node_id, broker
        self.file = folder / "node.toml"

    def register(self, world: World) -> NodeOfWorld:
        """Make the node, and tell the console of it; it is not enrolled."""
        self._init(charters.anchor_of(world.northgate.id))
        config, cleo = Config.load(self.file), world.person(CLEO)
        with open_store(config.database) as store:
            identity = check_beginning(config, Journal(store))
        row: Node = register_node(
            data_centre=add_data_centre(name="Amsterdam", by=cleo),
            name=NAME,
            identity=canonical.b64u(identity),
            by=cleo,
            node_id=self.id,
        )
        return NodeOfWorld(row.id, key=None)

    def _init(self, provider_founding: str) -> None:
        subprocess.run(
            [
                *(str(Path(sys.executable).with_name("quorate-node")), "init", "--demo"),
                *("--state", str(self.folder / "state"), "--config", str(self.file)),
                *("--id", self.id, "--name", NAME, "--deployment", deployment.current().id),
                *("--provider-founding", provider_founding, "--broker", self.broker),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
        )
