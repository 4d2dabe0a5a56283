"""Installing a zone's backup key so that it is trusted and out of everyone's reach.

CKA_TRUSTED is the security officer's to set (PKCS#11 v2.40 section 4.9), private objects are the user's to
make, and the two cannot be logged in together. So the security officer creates a public session object, and
the user, logged in in the same session, copies it to its private place. Nothing reaches the disk in clear.
"""

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from pkcs11 import Object, UserType

from hsmnodes.node.drivers.errors import DriverError, MechanismUnavailable, ObjectExists
from hsmnodes.node.drivers.pkcs11.reading import check_value
from hsmnodes.node.drivers.pkcs11.templates import BACKUP_KEY_IN_PLACE, backup_key_in_clear
from hsmnodes.node.drivers.pkcs11.token import OpenToken


def install_backup_key(token: OpenToken, label: str, key_id: bytes, key: bytes, so_pin: str) -> str:
    """See `Driver.install_backup_key`. If it fails, the session is not what it was: close the token."""
    if not token.profile.trusted_wrapping:
        raise MechanismUnavailable(f"{token.profile.name} has no trusted wrapping, so no backup key")
    if token.index.backup_key is not None:
        raise ObjectExists("the token has its backup key already")
    token.index.require_free(key_id, label)
    created = _create_as_security_officer(token, label, key_id, key, so_pin)
    token.module.log_in(token.session, UserType.USER, token.pin())
    created.copy(BACKUP_KEY_IN_PLACE)
    created.destroy()
    token.index.load()
    return _require_same(backup_key_kcv(token), key_check_value(key))


def backup_key_kcv(token: OpenToken) -> str | None:
    """See `Driver.backup_key_kcv`."""
    key = token.index.backup_key
    return None if key is None else check_value(key)


def key_check_value(key: bytes) -> str:
    """The KCV of an AES key: the first three bytes of AES-ECB over a block of zeros, in hexadecimal."""
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305 -- what a KCV is
    return encryptor.update(bytes(16))[:3].hex()


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
