"""What stands in for the broker where a test is not about it."""

from dataclasses import dataclass, field

from hsmnodes.node.agent.broker import BrokerUnavailable
from hsmnodes.node.agent.messages import ToNode, read_to_node


@dataclass
class NoBroker:
    """Takes every message, or none while it is `down`."""

    sent: list[tuple[str, ToNode]] = field(default_factory=list)
    down: bool = False

    def send_to_node(self, node: str, text: str) -> None:
        if self.down:
            raise BrokerUnavailable("the broker is down")
        self.sent.append((node, read_to_node(text)))

    def to(self, node: str, kind: str) -> list[ToNode]:
        """The messages of a kind that a node was sent."""
        return [message for one, message in self.sent if one == node and message.kind == kind]

    def take(self) -> list[ToNode]:
        """What was sent since the last time."""
        sent, self.sent = [message for _, message in self.sent], []
        return sent
