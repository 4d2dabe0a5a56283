"""What the app of the people refuses: each with a stable code and what can be done about it.

HTTP is decided in console/errors.py alone.
"""


class DomainError(Exception):
    """Something was asked that is not done. `code` is machine-readable, `message` for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class NotVisible(DomainError):
    """The thing does not exist, or not for this person: both look the same."""

    def __init__(self, message: str = "There is nothing here, or nothing that you may see.") -> None:
        super().__init__("not-found", message)


class NotAllowed(DomainError):
    """The person may see the thing and not do this with it."""


class WrongState(DomainError):
    """The thing is not, or no longer, in a state in which this can be done."""


class Invalid(DomainError):
    """What was given cannot be used."""


class SignatureNotAccepted(DomainError):
    """A token's signature does not hold, or does not count here."""
