"""What keeps a node from running at all, as opposed to a refusal of what it is asked."""


class NodeError(Exception):
    """The node cannot start or go on: its configuration, state or HSM is not what it must be."""
