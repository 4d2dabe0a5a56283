"""A token's life: made, opened, closed."""

from dataclasses import dataclass

from pkcs11 import Session, Slot, Token, TokenFlag
from pkcs11._pkcs11 import lib

from hsmnodes.node.drivers.base import PinSource
from hsmnodes.node.drivers.errors import DriverError, TokenExists, TokenNotFound
from hsmnodes.node.drivers.pkcs11.cryptoki import Module
from hsmnodes.node.drivers.pkcs11.objects import ObjectIndex
from hsmnodes.node.drivers.pkcs11.profile import Profile
from hsmnodes.node.drivers.pkcs11.templates import TemplateMapper
from hsmnodes.node.drivers.values import TokenInfo


@dataclass(frozen=True)
class OpenToken:
    """A token with a session in which its user is logged in, and the index of its objects."""

    module: Module
    profile: Profile
    token: Token
    session: Session
    index: ObjectIndex
    label: str
    pin: PinSource


def initialise_token(module: Module, label: str, so_pin: str, user_pin: str) -> None:
    """Make the directory's token. Raises `TokenExists`."""
    library = module.initialise()
    if _present(library) is not None:
        raise TokenExists("there is a token in this directory already")
    module.init_token(_free_slot(library), so_pin, label)
    made = _present(library)
    if made is None:
        raise DriverError("the token that was made does not appear")
    with made.open(rw=True, so_pin=so_pin) as session:
        session.init_pin(user_pin)


def open_token(module: Module, profile: Profile, label: str, pin: PinSource) -> OpenToken:
    """Log in to the directory's token. Raises `TokenNotFound`, `PinRefused`."""
    present = _present(module.initialise())
    if present is None or present.label != label:
        raise TokenNotFound(f"there is no token called {label} in this directory")
    session = present.open(rw=True, user_pin=pin(), attribute_mapper=TemplateMapper())
    return OpenToken(module, profile, present, session, ObjectIndex(session), label, pin)


def token_info(token: OpenToken) -> TokenInfo:
    """CK_TOKEN_INFO and CK_INFO of the token and its module."""
    library = token.module.initialise()
    free, total = token.module.memory(token.token.slot)
    return TokenInfo(
        label=token.token.label,
        serial=token.token.serial.decode("ascii", "replace"),
        model=token.token.model,
        manufacturer=token.token.manufacturer_id,
        firmware=_version(token.token.firmware_version),
        library=library.library_description,
        library_version=_version(library.library_version),
        free_memory=free,
        total_memory=total,
    )


def _present(library: lib) -> Token | None:
    tokens = [slot.get_token() for slot in library.get_slots(token_present=True)]
    made = [token for token in tokens if TokenFlag.TOKEN_INITIALIZED in token.flags]
    if len(made) > 1:
        raise DriverError("there is more than one token in this directory")
    return made[0] if made else None


def _free_slot(library: lib) -> Slot:
    for slot in library.get_slots(token_present=True):
        if TokenFlag.TOKEN_INITIALIZED not in slot.get_token().flags:
            return slot
    raise DriverError("the module has no free slot")


def _version(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"
