"""Whether a node may act: not before its peers have agreed with its journal, never once one has not."""

from dataclasses import dataclass

from hsmnodes.node.agent.facts import Facts
from hsmnodes.node.agent.heartbeat import State, Witness
from hsmnodes.node.agent.room import Room
from hsmnodes.node.agent.witness import Witnesses


@dataclass(frozen=True)
class Readiness:
    """The state of a node; `hsm_disagrees` says why the HSM's record speaks against the journal.

    Without room on its disk a node refuses, too, as long as that lasts, and goes on serving applications.
    """

    facts: Facts
    witnesses: Witnesses
    hsm_disagrees: str | None
    room: Room

    def state(self, now: int) -> State:
        """Whether the node is starting, ready, or refusing."""
        if self.against is not None or self.room.lack is not None:
            return "refusing"
        return "ready" if self.witnesses.is_satisfied(now) else "starting"

    @property
    def against(self) -> str | None:
        """Why the node must refuse everything, or None."""
        return self.hsm_disagrees or self.witnesses.testimony.against

    @property
    def witness(self) -> Witness:
        """What the node relies on to know that it was not rewound; without peers that is weaker."""
        return "peers" if self.facts.peers else "hsm-only"

    def reason(self, now: int) -> str:
        """The state in words."""
        if self.against is not None:
            return f"Nothing is carried out: {self.against}"
        if (lack := self.room.lack) is not None:
            return lack
        if self.state(now) == "starting":
            return (
                "Waiting for the peers to say what they know of this node's journal. Until then nothing is "
                "carried out, and no application is served."
            )
        if not self.facts.peers:
            return (
                "No peers are known: a restored state is found out only if the HSM's own record is not in it."
            )
        return ""
