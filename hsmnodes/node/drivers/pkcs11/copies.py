"""Copies of a zone's keys for the token of an application: from token to token, and never in clear.

They travel under a *carrier*, an AES-256 key that is drawn for one journey and forgotten after it, so that
the backup key comes into no token that an application can open. The zone's keys let themselves be wrapped by
a trusted key only, and only the security officer can make one: so the carrier is made in the zone's token as
the backup key is, but stays a session object. In the other token it is the user's, and only unwraps.
"""

from pkcs11 import UserType

from hsmnodes.node.drivers.errors import MechanismUnavailable
from hsmnodes.node.drivers.pkcs11.backup_key import create_as_security_officer
from hsmnodes.node.drivers.pkcs11.certificates import put_beside
from hsmnodes.node.drivers.pkcs11.templates import COPIED, carrier_that_opens
from hsmnodes.node.drivers.pkcs11.token import OpenToken
from hsmnodes.node.drivers.pkcs11.unwrapping import unwrap_under
from hsmnodes.node.drivers.pkcs11.zone_keys import wrap_under
from hsmnodes.node.drivers.values import WrappedKey

CARRIER_ID, CARRIER_LABEL = b"carrier", "carrier"  # shorter than any key's id


def wrap_for_copying(token: OpenToken, key_ids: list[bytes], carrier: bytes, so_pin: str) -> list[WrappedKey]:
    """See `Driver.wrap_for_copying`. Afterwards the session is not what it was: close the token."""
    if not token.profile.trusted_wrapping:
        raise MechanismUnavailable(
            f"{token.profile.name} has no trusted wrapping, so its keys stay in one token"
        )
    wrapper = create_as_security_officer(token, CARRIER_LABEL, CARRIER_ID, carrier, so_pin)
    try:
        token.module.log_in(token.session, UserType.USER, token.pin())
        token.index.load()
        return wrap_under(token, key_ids, wrapper)
    finally:
        wrapper.destroy()


def make_copies(token: OpenToken, keys: list[WrappedKey], carrier: bytes) -> None:
    """See `Driver.make_copies`."""
    opener = token.session.create_object(carrier_that_opens(carrier))
    try:
        unwrap_under(token, keys, opener, COPIED)
        for key in keys:
            put_beside(token, key)
    finally:
        opener.destroy()
