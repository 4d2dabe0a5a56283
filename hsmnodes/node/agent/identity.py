"""The node's voice: documents signed by its identity key, which is in the HSM and never leaves it."""

from dataclasses import dataclass

from hsmnodes.node.agent.config import Config
from hsmnodes.node.drivers.base import Driver
from hsmnodes.node.protocol.documents.base import Document
from hsmnodes.node.protocol.documents.node import NodeSigned
from hsmnodes.node.protocol.nodesigning import envelope
from hsmnodes.node.protocol.purposes import Purpose, challenge


@dataclass(frozen=True)
class Identity:
    """Signs in the name of the node, with the agent's own token."""

    config: Config
    driver: Driver

    def sign(self, purpose: Purpose, document: Document) -> NodeSigned:
        """The document in its envelope. Raises DriverError."""
        signature = self.driver.sign_identity(challenge(purpose, document.raw))
        return envelope(purpose=purpose, node=self.config.node.id, payload=document.raw, signature=signature)
