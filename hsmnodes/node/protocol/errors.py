"""The refusals of the protocol: each has a machine-readable code and a sentence for people."""


class Refused(Exception):
    """Something was checked and is not accepted.

    `code` is a stable, machine-readable reason in kebab case; `message` says what is wrong in plain words.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{message} [{code}]")
        self.code = code
        self.message = message


class DocumentRefused(Refused):
    """The bytes are not one well-formed, canonical document of the expected type."""


class SignatureRefused(Refused):
    """A token's or a node's signature does not hold for what it is presented with."""


class CharterRefused(Refused):
    """A charter does not follow from the charter that is in force, or contradicts itself."""


class ProposalRefused(Refused):
    """A proposal is not authorised as it stands, or does not fit what the node knows."""


class ShareRefused(Refused):
    """Shares of a key cannot be made so, or do not make the key they are said to be of."""
