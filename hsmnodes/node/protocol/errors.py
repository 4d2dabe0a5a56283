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


DELAYED = "delayed"
"""The code of the refusal that is none but a wait."""


class Delayed(ProposalRefused):
    """Enough have signed, and the delay that a charter demands is not over.

    `proposal` is the hash of the one that waits, which need not be the one that was asked for: it can be an
    amendment that came along. `announced_at` is when that was first seen, `due_at` when it may be carried
    out, in seconds since 1970.
    """

    def __init__(self, proposal: str, *, announced_at: int, delay: int) -> None:
        super().__init__(DELAYED, "Enough have signed; it is not carried out before its delay is over.")
        self.proposal = proposal
        self.announced_at, self.due_at = announced_at, announced_at + delay


class ShareRefused(Refused):
    """Shares of a key cannot be made so, or do not make the key they are said to be of."""
