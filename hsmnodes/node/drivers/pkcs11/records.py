"""Small records in a token: private data objects (CKO_DATA; PKCS#11 v2.40 section 4.5).

A record's new value is a new object with a higher counter before its bytes, and only then are older ones
destroyed: whenever a crash comes, the highest counter that can be read is the old value or the new one.
"""

from pkcs11 import Attribute, Object, ObjectClass

from hsmnodes.node.drivers.pkcs11.templates import FIXED, Template
from hsmnodes.node.drivers.pkcs11.token import OpenToken

APPLICATION = "quorate"
COUNTER_LENGTH = 8


def write_record(token: OpenToken, label: str, value: bytes) -> None:
    """See `Driver.write_record`."""
    older = _versions(token, label)
    counter = 1 + max((counter for counter, _, _ in older), default=0)
    token.session.create_object(
        {
            **_template(label),
            **FIXED,
            Attribute.PRIVATE: True,
            Attribute.VALUE: counter.to_bytes(COUNTER_LENGTH) + value,
        }
    )
    for _, _, found in older:
        found.destroy()


def read_record(token: OpenToken, label: str) -> bytes | None:
    """See `Driver.read_record`."""
    versions = _versions(token, label)
    return max(versions, key=lambda version: version[0])[1] if versions else None


def _versions(token: OpenToken, label: str) -> list[tuple[int, bytes, Object]]:
    """The (counter, value, object) of every version; one that a crash left without its bytes has counter 0
    only if nothing was ever written whole, and is destroyed by the next write.
    """
    return [_version(found) for found in token.session.get_objects(_template(label))]


def _version(found: Object) -> tuple[int, bytes, Object]:
    content = found.get_attributes([Attribute.VALUE]).get(Attribute.VALUE, b"")
    return int.from_bytes(content[:COUNTER_LENGTH]), content[COUNTER_LENGTH:], found


def _template(label: str) -> Template:
    return {
        Attribute.CLASS: ObjectClass.DATA,
        Attribute.TOKEN: True,
        Attribute.APPLICATION: APPLICATION,
        Attribute.LABEL: label,
    }
