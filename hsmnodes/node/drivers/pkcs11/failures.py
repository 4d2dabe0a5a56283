"""From what python-pkcs11 raises to `DriverError`s that keep the PKCS#11 return value and nothing else."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from pkcs11.exceptions import (
    AnotherUserAlreadyLoggedIn,
    FunctionCancelled,
    PKCS11Error,
    TokenNotRecognised,
)

from hsmnodes.node.drivers.errors import DriverError, MechanismUnavailable, PinRefused
from hsmnodes.node.drivers.return_values import ReturnValue

_CALLED_OTHERWISE = {
    AnotherUserAlreadyLoggedIn: ReturnValue.USER_ANOTHER_ALREADY_LOGGED_IN,
    FunctionCancelled: ReturnValue.FUNCTION_CANCELED,
    TokenNotRecognised: ReturnValue.TOKEN_NOT_RECOGNIZED,
}
_WORD_BOUNDARY = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_UNMAPPED = re.compile(r"Unmapped error code 0x([0-9a-f]+)")

_KINDS: dict[int, type[DriverError]] = {
    ReturnValue.PIN_INCORRECT: PinRefused,
    ReturnValue.PIN_INVALID: PinRefused,
    ReturnValue.PIN_LEN_RANGE: PinRefused,
    ReturnValue.PIN_EXPIRED: PinRefused,
    ReturnValue.PIN_LOCKED: PinRefused,
    ReturnValue.PIN_TOO_WEAK: PinRefused,
    ReturnValue.USER_PIN_NOT_INITIALIZED: PinRefused,
    ReturnValue.MECHANISM_INVALID: MechanismUnavailable,
    ReturnValue.CURVE_NOT_SUPPORTED: MechanismUnavailable,
    ReturnValue.DOMAIN_PARAMS_INVALID: MechanismUnavailable,
}


def return_value_of(error: PKCS11Error) -> int | None:
    """The CK_RV behind python-pkcs11's exception, which drops the number: its class is named after it."""
    if type(error) in _CALLED_OTHERWISE:
        return _CALLED_OTHERWISE[type(error)]
    unmapped = _UNMAPPED.fullmatch(str(error))
    if unmapped:
        return int(unmapped[1], 16)
    name = _WORD_BOUNDARY.sub("_", type(error).__name__).upper()
    return ReturnValue[name] if name in ReturnValue.__members__ else None


def failure(what: str, ck: int | None) -> DriverError:
    """The error for a call that failed; `what` says what was being done."""
    kind = DriverError if ck is None else _KINDS.get(ck, DriverError)
    return kind(f"could not {what}", ck=ck)


@contextmanager
def failures(what: str) -> Iterator[None]:
    """Turn any PKCS#11 error inside into a `DriverError`."""
    try:
        yield
    except PKCS11Error as error:
        raise failure(what, return_value_of(error)) from None
