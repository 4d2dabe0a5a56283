"""A loaded PKCS#11 module, with the calls that python-pkcs11 lacks, or makes twice.

python-pkcs11 has no C_InitToken, cannot log a session out and in again, does not tell a token's memory, and
calls C_Initialize with NULL, by which it promises a module that only one thread will ever call it (PKCS#11
v2.40 section 5.4): SoftHSM2 then crashes under several. It wraps every key twice, once for the length alone.
These calls are made here by ctypes, through the module's function list, the one thing every module exports.
"""

import ctypes
from functools import cache
from pathlib import Path
from typing import Any

import pkcs11
from pkcs11 import Attribute, Mechanism, Session, Slot, UserType
from pkcs11._pkcs11 import lib

from hsmnodes.node.drivers.errors import DriverError
from hsmnodes.node.drivers.pkcs11.failures import failure
from hsmnodes.node.drivers.pkcs11.templates import CkAttribute
from hsmnodes.node.drivers.values import LONGEST_BLOB

CKF_OS_LOCKING_OK = 2
CK_UNAVAILABLE_INFORMATION = ctypes.c_ulong(-1).value

# Places in CK_FUNCTION_LIST (PKCS#11 v2.40 section 3.6), counted from C_Initialize.
_C_INITIALIZE, _C_GET_TOKEN_INFO, _C_INIT_TOKEN, _C_LOGIN, _C_LOGOUT = 0, 6, 9, 18, 19
_C_GET_ATTRIBUTE_VALUE, _C_WRAP_KEY = 24, 60
_FUNCTION = ctypes.CFUNCTYPE(ctypes.c_ulong)
_OFFSET_OF_FUNCTIONS = ctypes.sizeof(ctypes.c_void_p)  # after CK_VERSION and its padding


class _InitializeArguments(ctypes.Structure):
    """CK_C_INITIALIZE_ARGS."""

    _fields_ = [
        ("create_mutex", ctypes.c_void_p),
        ("destroy_mutex", ctypes.c_void_p),
        ("lock_mutex", ctypes.c_void_p),
        ("unlock_mutex", ctypes.c_void_p),
        ("flags", ctypes.c_ulong),
        ("reserved", ctypes.c_void_p),
    ]


class _TokenInformation(ctypes.Structure):
    """CK_TOKEN_INFO."""

    _fields_ = [
        ("label", ctypes.c_char * 32),
        ("manufacturer", ctypes.c_char * 32),
        ("model", ctypes.c_char * 16),
        ("serial", ctypes.c_char * 16),
        ("flags", ctypes.c_ulong),
        ("session_counts", ctypes.c_ulong * 4),
        ("pin_lengths", ctypes.c_ulong * 2),
        ("total_public_memory", ctypes.c_ulong),
        ("free_public_memory", ctypes.c_ulong),
        ("total_private_memory", ctypes.c_ulong),
        ("free_private_memory", ctypes.c_ulong),
        ("versions", ctypes.c_ubyte * 4),
        ("time", ctypes.c_char * 16),
    ]


class _Mechanism(ctypes.Structure):
    """CK_MECHANISM."""

    _fields_ = [
        ("mechanism", ctypes.c_ulong),
        ("parameter", ctypes.c_void_p),
        ("parameter_length", ctypes.c_ulong),
    ]


class Module:
    """A PKCS#11 module in this process. Get it by `load_module`: there is one of each path."""

    def __init__(self, path: Path) -> None:
        try:
            library = ctypes.CDLL(str(path))
        except OSError:
            raise DriverError(f"there is no PKCS#11 module at {path}") from None
        functions = ctypes.c_void_p()
        if library.C_GetFunctionList(ctypes.byref(functions)) or functions.value is None:
            raise DriverError(f"{path} is not a PKCS#11 module")
        self._functions = ctypes.cast(functions.value + _OFFSET_OF_FUNCTIONS, ctypes.POINTER(ctypes.c_void_p))
        self._known: dict[int, Any] = {}
        self._kept_alive: list[Any] = [library]
        self._allow_threads()
        self._path = str(path)

    def initialise(self) -> lib:
        """C_Initialize, unless it is; python-pkcs11's view of the module."""
        return pkcs11.lib(self._path)

    def finalise(self) -> None:
        """C_Finalize: the module forgets every token, session and object until it is initialised again."""
        self.initialise().finalize()

    def init_token(self, slot: Slot, so_pin: str, label: str) -> None:
        """C_InitToken (section 5.5): destroys what was in the slot's token."""
        pin, padded = so_pin.encode(), label.encode().ljust(32)
        arguments = (ctypes.c_ulong(slot.slot_id), pin, ctypes.c_ulong(len(pin)), padded)
        self._call("initialise the token", _C_INIT_TOKEN, *arguments)

    def log_in(self, session: Session, user: UserType, pin: str) -> None:
        """C_Login (section 5.6)."""
        encoded = pin.encode()
        arguments = (ctypes.c_ulong(user), encoded, ctypes.c_ulong(len(encoded)))
        self._call("log in to the token", _C_LOGIN, _handle_of(session), *arguments)

    def log_out(self, session: Session) -> None:
        """C_Logout (section 5.6): for every session of this process; private objects lose their handles."""
        self._call("log out of the token", _C_LOGOUT, _handle_of(session))

    def memory(self, slot: Slot) -> tuple[int | None, int | None]:
        """Free and total private memory of a slot's token in bytes, where the token tells."""
        information = _TokenInformation()
        arguments = (ctypes.c_ulong(slot.slot_id), ctypes.byref(information))
        self._call("ask the token for its memory", _C_GET_TOKEN_INFO, *arguments)
        free, total = information.free_private_memory, information.total_private_memory
        return _if_known(free), _if_known(total)

    def attribute_length(self, session: Session, key: Any, attribute: Attribute) -> int:
        """The length of an attribute's value (C_GetAttributeValue without a buffer; section 5.7).

        For CKA_UNWRAP_TEMPLATE, whose value python-pkcs11 would have written through pointers it did not set.
        """
        asked = CkAttribute(type=attribute)
        arguments = (_handle_of(session), ctypes.c_ulong(key.handle), ctypes.byref(asked), ctypes.c_ulong(1))
        self._call("ask for an attribute", _C_GET_ATTRIBUTE_VALUE, *arguments)
        return int(asked.length)

    def wrap_key(self, session: Session, wrapper: Any, key: Any, mechanism: Mechanism) -> bytes:
        """C_WrapKey (section 5.14.3), by a mechanism without parameters, into room for the longest blob."""
        blob, length = ctypes.create_string_buffer(LONGEST_BLOB), ctypes.c_ulong(LONGEST_BLOB)
        self._call(
            "wrap a key",
            _C_WRAP_KEY,
            _handle_of(session),
            ctypes.byref(_Mechanism(mechanism=mechanism)),
            ctypes.c_ulong(wrapper.handle),
            ctypes.c_ulong(key.handle),
            blob,
            ctypes.byref(length),
        )
        return blob.raw[: length.value]

    def _call(self, what: str, place: int, *arguments: object) -> None:
        if place not in self._known:
            address = self._functions[place]
            assert address is not None  # noqa: S101 -- every function is in the list (section 3.6)
            self._known[place] = _FUNCTION(address)
        ck = self._known[place](*arguments)
        if ck:
            raise failure(what, ck)

    def _allow_threads(self) -> None:
        """Make C_Initialize(NULL) mean C_Initialize with CKF_OS_LOCKING_OK, in the module's function list."""
        function = ctypes.CFUNCTYPE(ctypes.c_ulong, ctypes.c_void_p)
        original = function(self._functions[_C_INITIALIZE] or 0)
        arguments = _InitializeArguments(flags=CKF_OS_LOCKING_OK)

        def initialize(given: int | None) -> int:
            return int(original(given or ctypes.addressof(arguments)))

        replacement = function(initialize)
        self._functions[_C_INITIALIZE] = ctypes.cast(replacement, ctypes.c_void_p).value
        self._kept_alive += [original, arguments, replacement]


@cache
def load_module(path: Path) -> Module:
    """The module at this path. A process loads it once, as its function list is altered once."""
    return Module(path)


def _handle_of(session: Session) -> ctypes.c_ulong:
    handle: int = session.handle  # type: ignore[attr-defined]
    return ctypes.c_ulong(handle)


def _if_known(memory: int) -> int | None:
    return None if memory == CK_UNAVAILABLE_INFORMATION else memory
