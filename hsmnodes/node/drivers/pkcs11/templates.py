"""The attribute templates of everything the driver makes (PKCS#11 v2.40 section 4).

Nothing is left to a module's or a library's default: every usage that was not asked for is set to false,
and what is made can be neither modified nor copied. What the driver itself copied to its place, backup keys
and some public halves, can be copied exactly as it is (docs/softhsm2.md).
"""

import ctypes
from collections.abc import Iterable
from typing import Any

from pkcs11 import Attribute, KeyType, MechanismFlag, ObjectClass
from pkcs11.attributes import AttributeMapper
from pkcs11.constants import DEFAULT

from hsmnodes.node.drivers.values import Algorithm, Usage

Template = dict[Attribute, Any]

# The DER of the named curves' object identifiers (CKA_EC_PARAMS; RFC 5480 section 2.1.1.1).
CURVES: dict[Algorithm, bytes] = {
    Algorithm.EC_P256: bytes.fromhex("06082a8648ce3d030107"),
    Algorithm.EC_P384: bytes.fromhex("06052b81040022"),
}

KEY_TYPES = {"rsa": KeyType.RSA, "ec": KeyType.EC, "aes": KeyType.AES}
"""CKA_KEY_TYPE by the family of an algorithm."""

FIXED: Template = {Attribute.MODIFIABLE: False, Attribute.COPYABLE: False}

PUBLIC: Template = {**FIXED, Attribute.PRIVATE: False, Attribute.VERIFY_RECOVER: False}

# A key that never leaves its token in any form: the node's own.
KEPT: Template = {
    **FIXED,
    Attribute.PRIVATE: True,
    Attribute.SENSITIVE: True,
    Attribute.EXTRACTABLE: False,
}

# A zone's key, which leaves the token only wrapped by the trusted backup key.
BACKED_UP: Template = {
    **FIXED,
    Attribute.PRIVATE: True,
    Attribute.SENSITIVE: True,
    Attribute.EXTRACTABLE: True,
    Attribute.WRAP_WITH_TRUSTED: True,
}

# What the backup key unwraps must be as protected as it was; anything else is CKR_TEMPLATE_INCONSISTENT.
UNWRAPPED: Template = {
    Attribute.PRIVATE: True,
    Attribute.SENSITIVE: True,
    Attribute.EXTRACTABLE: True,
    Attribute.WRAP_WITH_TRUSTED: True,
    Attribute.DERIVE: False,
    Attribute.UNWRAP: False,
}

# What is more of the copy of a key in the token of an application: that it leaves it in no form.
COPIED: Template = {Attribute.EXTRACTABLE: False}

# And what is of private keys alone: of the first three, which python-pkcs11 would give, SoftHSM2 takes none.
OF_A_PRIVATE_KEY: Template = {
    Attribute.ENCRYPT: DEFAULT,
    Attribute.WRAP: DEFAULT,
    Attribute.VERIFY: DEFAULT,
    Attribute.SIGN_RECOVER: False,
}

_PAIR_FLAGS = {
    Usage.SIGN: MechanismFlag.SIGN | MechanismFlag.VERIFY,
    Usage.DECRYPT: MechanismFlag.DECRYPT | MechanismFlag.ENCRYPT,
}
_SECRET_FLAGS = {Usage.ENCRYPT: MechanismFlag.ENCRYPT, Usage.DECRYPT: MechanismFlag.DECRYPT}


def capabilities(algorithm: Algorithm, usages: Iterable[Usage]) -> MechanismFlag:
    """Exactly the usages asked for, as python-pkcs11 takes them: it sets all others to false."""
    of_usage = _PAIR_FLAGS if algorithm.is_pair else _SECRET_FLAGS
    flags = MechanismFlag(0)
    for usage in usages:
        flags |= of_usage[usage]
    return flags


def backup_key_in_clear(key_id: bytes, label: str, key: bytes) -> Template:
    """The backup key as the security officer creates it: a public *session* object, which is never stored.

    Only the security officer may set CKA_TRUSTED, and the security officer cannot make private objects.
    """
    return {
        Attribute.CLASS: ObjectClass.SECRET_KEY,
        Attribute.KEY_TYPE: KeyType.AES,
        Attribute.VALUE: key,
        Attribute.ID: key_id,
        Attribute.LABEL: label,
        Attribute.TOKEN: False,
        Attribute.PRIVATE: False,
        Attribute.TRUSTED: True,
        Attribute.SENSITIVE: True,
        Attribute.EXTRACTABLE: False,
        Attribute.DESTROYABLE: True,
        Attribute.WRAP: True,
        Attribute.UNWRAP: True,
        Attribute.ENCRYPT: False,
        Attribute.DECRYPT: False,
        Attribute.SIGN: False,
        Attribute.VERIFY: False,
        Attribute.DERIVE: False,
        Attribute.UNWRAP_TEMPLATE: UNWRAPPED,
    }


def carrier_that_opens(carrier: bytes) -> Template:
    """The carrier in the token that is to have the copies: a session object that opens them, and no more."""
    return {
        Attribute.CLASS: ObjectClass.SECRET_KEY,
        Attribute.KEY_TYPE: KeyType.AES,
        Attribute.VALUE: carrier,
        Attribute.TOKEN: False,
        Attribute.PRIVATE: True,
        Attribute.SENSITIVE: True,
        Attribute.EXTRACTABLE: False,
        Attribute.UNWRAP: True,
        Attribute.WRAP: False,
        Attribute.ENCRYPT: False,
        Attribute.DECRYPT: False,
        Attribute.SIGN: False,
        Attribute.VERIFY: False,
        Attribute.DERIVE: False,
    }


# What changes as the user copies it to its place; CKA_MODIFIABLE last, since it forbids what comes after.
BACKUP_KEY_IN_PLACE: Template = {
    Attribute.TOKEN: True,
    Attribute.PRIVATE: True,
    Attribute.MODIFIABLE: False,
}


class CkAttribute(ctypes.Structure):
    """CK_ATTRIBUTE."""

    _fields_ = [("type", ctypes.c_ulong), ("value", ctypes.c_void_p), ("length", ctypes.c_ulong)]


class TemplateMapper(AttributeMapper):
    """python-pkcs11's attribute mapper, and CKA_UNWRAP_TEMPLATE, whose value is an array of CK_ATTRIBUTE.

    Labels need not be text: of a copy that a crash cut off SoftHSM2 gives the label still encrypted.
    """

    def __init__(self) -> None:
        super().__init__()
        self._kept_alive: list[Any] = []
        self.register_handler(Attribute.UNWRAP_TEMPLATE, self._pack_template, bytes)
        self.register_handler(Attribute.LABEL, str.encode, lambda label: label.decode(errors="replace"))

    def _pack_template(self, template: Template) -> bytes:
        attributes = (CkAttribute * len(template))()
        for attribute, (kind, value) in zip(attributes, template.items(), strict=True):
            packed = self.pack_attribute(kind, value)
            buffer = ctypes.create_string_buffer(packed, len(packed))
            self._kept_alive.append(buffer)  # the module reads it through the pointer
            attribute.type, attribute.value, attribute.length = kind, ctypes.addressof(buffer), len(packed)
        return bytes(attributes)
