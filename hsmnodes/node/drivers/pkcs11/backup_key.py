"""Installing a zone's backup key so that it is trusted and out of everyone's reach.

CKA_TRUSTED is the security officer's to set (PKCS#11 v2.40 section 4.9), private objects are the user's to
make, and the two cannot be logged in together. So the security officer creates a public session object, and
the user, logged in in the same session, copies it to its private place. Nothing reaches the disk in clear.
"""

import ctypes
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from pkcs11 import Attribute, Object, UserType

from hsmnodes.node.drivers.errors import DriverError, MechanismUnavailable, ObjectExists, ObjectNotFound
from hsmnodes.node.drivers.pkcs11.reading import check_value
from hsmnodes.node.drivers.pkcs11.templates import (
    BACKUP_KEY_IN_PLACE,
    UNWRAPPED,
    CkAttribute,
    backup_key_in_clear,
)
from hsmnodes.node.drivers.pkcs11.token import OpenToken


def install_backup_key(token: OpenToken, label: str, key_id: bytes, key: bytes, so_pin: str) -> str:
    """See `Driver.install_backup_key`. If it fails, the session is not what it was: close the token."""
    if not token.profile.trusted_wrapping:
        raise MechanismUnavailable(f"{token.profile.name} has no trusted wrapping, so no backup key")
    if backup_key(token) is not None:
        raise ObjectExists("the token has its backup key already")
    _remove_unfinished(token)
    token.index.require_free(key_id, label)
    created = _create_as_security_officer(token, label, key_id, key, so_pin)
    token.module.log_in(token.session, UserType.USER, token.pin())
    created.copy(BACKUP_KEY_IN_PLACE)
    created.destroy()
    token.index.load()
    return _require_same(backup_key_kcv(token), key_check_value(key))


def backup_key(token: OpenToken) -> Any | None:
    """The token's backup key object. What a crash left unfinished of one does not count."""
    return next((key for key in token.index.trusted if _is_finished(token, key)), None)


def require_backup_key(token: OpenToken) -> Any:
    """The token's backup key object. Raises `ObjectNotFound`."""
    key = backup_key(token)
    if key is None:
        raise ObjectNotFound("the token has no backup key")
    return key


def backup_key_kcv(token: OpenToken) -> str | None:
    """See `Driver.backup_key_kcv`."""
    key = backup_key(token)
    return None if key is None else check_value(key)


def key_check_value(key: bytes) -> str:
    """The KCV of an AES key: the first three bytes of AES-ECB over a block of zeros, in hexadecimal."""
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305 -- what a KCV is
    return encryptor.update(bytes(16))[:3].hex()


def _is_finished(token: OpenToken, key: Any) -> bool:
    """Whether the backup key is out of reach: SoftHSM2 writes the copy once as it was and then again with
    what changed, attribute by attribute, of which CKA_UNWRAP_TEMPLATE is the last.
    """
    found = key.get_attributes([Attribute.PRIVATE, *BACKUP_KEY_IN_PLACE])
    in_place = all(found.get(attribute) is value for attribute, value in BACKUP_KEY_IN_PLACE.items())
    restricts = token.module.attribute_length(token.session, key, Attribute.UNWRAP_TEMPLATE)
    return in_place and restricts == len(UNWRAPPED) * ctypes.sizeof(CkAttribute)


def _remove_unfinished(token: OpenToken) -> None:
    """Destroy what a crash left. What cannot be destroyed any more makes the token unusable for a zone."""
    for key in token.index.trusted:
        key.destroy()


def _create_as_security_officer(
    token: OpenToken, label: str, key_id: bytes, key: bytes, so_pin: str
) -> Object:
    token.module.log_out(token.session)
    token.module.log_in(token.session, UserType.SO, so_pin)
    created = token.session.create_object(backup_key_in_clear(key_id, label, key))
    token.module.log_out(token.session)
    return created


def _require_same(installed: str | None, expected: str) -> str:
    if installed != expected:
        raise DriverError("the backup key in the token does not have the check value of the key given")
    return expected
