"""Installing a zone's backup keys so that they are trusted and out of everyone's reach.

CKA_TRUSTED is the security officer's to set (PKCS#11 v2.40 section 4.9), private objects are the user's to
make, and the two cannot be logged in together. So the security officer creates a public session object, and
the user, logged in in the same session, copies it to its private place. Nothing reaches the disk in clear.
"""

import ctypes
from collections.abc import Callable
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

MOST = 2  # the one in force, and while it is rotated its successor


def install_backup_key(token: OpenToken, label: str, key_id: bytes, key: bytes, so_pin: str) -> str:
    """See `Driver.install_backup_key`. If it fails, the session is not what it was: close the token."""
    if not token.profile.trusted_wrapping:
        raise MechanismUnavailable(f"{token.profile.name} has no trusted wrapping, so no backup key")
    _destroy(token, lambda key: not _is_finished(token, key))  # what a crash left
    if any(not key[Attribute.DESTROYABLE] for key in token.index.trusted):
        raise DriverError("the backup key in this token can never be destroyed, and so not be replaced")
    if len(token.index.trusted) >= MOST:
        raise ObjectExists(f"the token has {MOST} backup keys already")
    if backup_key(token, key_id) is not None or token.index.find(key_id) is not None:
        raise ObjectExists(f"the token already holds key {key_id.hex()}")
    created = create_as_security_officer(token, label, key_id, key, so_pin)
    token.module.log_in(token.session, UserType.USER, token.pin())
    created.copy(BACKUP_KEY_IN_PLACE)
    created.destroy()
    token.index.load()
    return _require_same(backup_key_kcv(token, key_id), key_check_value(key))


def backup_key(token: OpenToken, key_id: bytes) -> Any | None:
    """The backup key object with this id. What a crash left unfinished of one does not count."""
    return _finished(token).get(key_id)


def require_backup_key(token: OpenToken, key_id: bytes) -> Any:
    """The backup key object with this id. Raises `ObjectNotFound`."""
    key = backup_key(token, key_id)
    if key is None:
        raise ObjectNotFound(f"the token has no backup key {key_id.hex()}")
    return key


def any_backup_key(token: OpenToken) -> Any | None:
    """A backup key object, whichever, if there is one: to measure a key by wrapping it."""
    return next(iter(_finished(token).values()), None)


def backup_key_kcv(token: OpenToken, key_id: bytes) -> str | None:
    """See `Driver.backup_key_kcv`."""
    key = backup_key(token, key_id)
    return None if key is None else check_value(key)


def destroy_other_backup_keys(token: OpenToken, key_id: bytes) -> None:
    """See `Driver.destroy_other_backup_keys`."""
    require_backup_key(token, key_id)
    _destroy(token, lambda key: _id_of(key) != key_id)


def key_check_value(key: bytes) -> str:
    """The KCV of an AES key: the first three bytes of AES-ECB over a block of zeros, in hexadecimal."""
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305 -- what a KCV is
    return encryptor.update(bytes(16))[:3].hex()


def _finished(token: OpenToken) -> dict[bytes, Any]:
    """The backup key objects by their id."""
    found = token.index.backup_keys
    if not found:
        found |= {_id_of(key): key for key in token.index.trusted if _is_finished(token, key)}
    return found


def _id_of(key: Any) -> bytes:
    found: bytes = key.get_attributes([Attribute.ID]).get(Attribute.ID, b"")
    return found


def _is_finished(token: OpenToken, key: Any) -> bool:
    """Whether the backup key is out of reach: SoftHSM2 writes the copy once as it was and then again with
    what changed, attribute by attribute, of which CKA_UNWRAP_TEMPLATE is the last.
    """
    found = key.get_attributes([Attribute.PRIVATE, *BACKUP_KEY_IN_PLACE])
    in_place = all(found.get(attribute) is value for attribute, value in BACKUP_KEY_IN_PLACE.items())
    restricts = token.module.attribute_length(token.session, key, Attribute.UNWRAP_TEMPLATE)
    return in_place and restricts == len(UNWRAPPED) * ctypes.sizeof(CkAttribute)


def _destroy(token: OpenToken, is_doomed: Callable[[Any], bool]) -> None:
    token.index.backup_keys.clear()
    for key in list(token.index.trusted):
        if is_doomed(key):
            key.destroy()
            token.index.trusted.remove(key)


def create_as_security_officer(
    token: OpenToken, label: str, key_id: bytes, key: bytes, so_pin: str
) -> Object:
    """A trusted key as a public object of the session, with nobody logged in afterwards."""
    token.module.log_out(token.session)
    token.module.log_in(token.session, UserType.SO, so_pin)
    created = token.session.create_object(backup_key_in_clear(key_id, label, key))
    token.module.log_out(token.session)
    return created


def _require_same(installed: str | None, expected: str) -> str:
    if installed != expected:
        raise DriverError("the backup key in the token does not have the check value of the key given")
    return expected
