"""Small records in a token: private data objects (CKO_DATA; PKCS#11 v2.40 section 4.5).

A record's new value is a new object with a higher counter before its bytes, and only then are older ones
destroyed: whenever a crash comes, the highest counter that can be read is the old value or the new one.
"""

from typing import NamedTuple

from pkcs11 import Attribute, Object, ObjectClass

from hsmnodes.node.drivers.pkcs11.templates import FIXED, Template
from hsmnodes.node.drivers.pkcs11.token import OpenToken

APPLICATION = "quorate"
COUNTER_LENGTH = 8


def write_record(token: OpenToken, label: str, value: bytes) -> None:
    """See `Driver.write_record`."""
    older = _versions(token, label)
    counter = 1 + max((version.counter for version in older), default=0)
    token.session.create_object(
        {
            **_template(label),
            **FIXED,
            Attribute.PRIVATE: True,
            Attribute.VALUE: counter.to_bytes(COUNTER_LENGTH) + value,
        }
    )
    for version in older:
        version.object.destroy()


def read_record(token: OpenToken, label: str) -> bytes | None:
    """See `Driver.read_record`."""
    newest = max(_versions(token, label), key=lambda version: version.counter, default=None)
    return newest.value if newest is not None and newest.counter > 0 else None


class _Version(NamedTuple):
    """One version of a record; its counter is 0 if a crash left it without its bytes."""

    counter: int
    value: bytes
    object: Object


def _versions(token: OpenToken, label: str) -> list[_Version]:
    return [_version(found) for found in token.session.get_objects(_template(label))]


def _version(found: Object) -> _Version:
    content: bytes = found.get_attributes([Attribute.VALUE]).get(Attribute.VALUE, b"")
    counter, value = content[:COUNTER_LENGTH], content[COUNTER_LENGTH:]
    return _Version(int.from_bytes(counter) if len(counter) == COUNTER_LENGTH else 0, value, found)


def _template(label: str) -> Template:
    return {
        Attribute.CLASS: ObjectClass.DATA,
        Attribute.TOKEN: True,
        Attribute.APPLICATION: APPLICATION,
        Attribute.LABEL: label,
    }
