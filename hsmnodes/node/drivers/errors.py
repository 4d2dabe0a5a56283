"""What can go wrong with a token or its driver.

An error says what happened as a `code` for programs (`CKR_PIN_INCORRECT`, `object-exists`), keeps the PKCS#11
return value where there was one (`ck`), and says what a person can do (`advice`). Its text is written here or
by a driver; it never repeats what a library said, so that no PIN and no key can be in it.
"""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from hsmnodes.node.drivers.return_values import name_of


class DriverError(Exception):
    """The token, its library or its driver did not do what was asked."""

    default_code: ClassVar[str] = "driver-error"
    advice: ClassVar[str] = (
        "Look up the PKCS#11 return value in the HSM vendor's manual and see the HSM's own log; "
        "nothing is tried again by itself."
    )

    def __init__(self, detail: str, *, ck: int | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.ck = ck

    @property
    def code(self) -> str:
        """The PKCS#11 name of the return value if there was one, else the code of this kind of error."""
        return self.default_code if self.ck is None else name_of(self.ck)

    def __str__(self) -> str:
        return f"{self.detail} ({self.code})"


class TokenExists(DriverError):
    """A token is already in this directory."""

    default_code = "token-exists"
    advice = "Open the token that is there, or give the new one a directory of its own."


class TokenNotFound(DriverError):
    """No token of this label is in the directory."""

    default_code = "token-not-found"
    advice = "Check the token directory in the node's configuration; restore it from backup if it is empty."


class TokenNotOpen(DriverError):
    """A method was called that needs the token to be open."""

    default_code = "token-not-open"
    advice = "Open the token with its PIN first."


class DirectoryInUse(DriverError):
    """Another driver process holds this token directory."""

    default_code = "directory-in-use"
    advice = "Stop the other agent that uses this token directory: only one process may."


class PinRefused(DriverError):
    """The token did not take the PIN."""

    default_code = "pin-refused"
    advice = (
        "The PIN that is kept for this token is not the token's own. Do not try again (it may lock): "
        "see that the node's state directory and its token directory belong together."
    )


class ObjectNotFound(DriverError):
    """The key or object is not in the token."""

    default_code = "object-not-found"
    advice = "Check which node and which zone the key belongs to; restore it from backup if it is lost."


class ObjectExists(DriverError):
    """The id or label is already taken in the token, or there is half of this key."""

    default_code = "object-exists"
    advice = "Choose another label, or destroy what is there first."


class MechanismUnavailable(DriverError):
    """This HSM, or the profile it is driven with, cannot do what is asked."""

    default_code = "mechanism-unavailable"
    advice = "Use an HSM whose profile offers it, or another algorithm."


class SealBroken(DriverError):
    """What was to be opened was not sealed by this token for this purpose, or has been altered."""

    default_code = "seal-broken"
    advice = "The node's sealed data was altered or belongs to another node: restore it from backup."


class BlobBroken(DriverError):
    """A wrapped key does not open under this backup key, or what opens is not the key it is said to be."""

    default_code = "blob-broken"
    advice = (
        "It is of another Trust Zone, or of another epoch of its backup key, or it was altered: "
        "use another backup."
    )


class InvalidRequest(DriverError):
    """A driver was given something it does not take."""

    default_code = "invalid-request"
    advice = "This is a mistake in the program that called the driver: please report it."


class DriverTimeout(DriverError):
    """The HSM did not answer in time; its driver process was ended. The call may have had effect."""

    default_code = "driver-timeout"
    advice = "Look whether the object was made or destroyed before asking again; check that the HSM answers."


class DriverDied(DriverError):
    """The driver process ended during a call. The call may or may not have had effect."""

    default_code = "driver-died"
    advice = "Look whether the object was made or destroyed before asking again; see the node's log."


class ErrorReport(BaseModel):
    """The form in which a `DriverError` travels between processes."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    kind: str
    detail: str
    ck: int | None

    @classmethod
    def of(cls, error: DriverError) -> "ErrorReport":
        return cls(kind=type(error).__name__, detail=error.detail, ck=error.ck)

    def error(self) -> DriverError:
        """The error this reports; a kind that is not known here becomes a plain `DriverError`."""
        return _KINDS.get(self.kind, DriverError)(self.detail, ck=self.ck)


_KINDS = {kind.__name__: kind for kind in DriverError.__subclasses__()}
