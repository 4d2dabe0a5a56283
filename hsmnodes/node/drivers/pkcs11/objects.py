"""The objects of an open token, found once and remembered.

Finding an object is linear in SoftHSM2 (12 ms among a thousand), so handles are cached by key id. The cache
is the truth for this process, because only one process drives a token directory.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pkcs11 import Attribute, ObjectClass, Session
from pkcs11.exceptions import PKCS11Error

from hsmnodes.node.drivers.errors import ObjectExists, ObjectNotFound
from hsmnodes.node.drivers.values import KEY_ID_LENGTH, WrappedKey

# The node's own keys; their ids are shorter than any zone key's.
IDENTITY_ID = b"identity"
STORAGE_KEY_ID = b"storage"

PRIVATE, PUBLIC, SECRET = ObjectClass.PRIVATE_KEY, ObjectClass.PUBLIC_KEY, ObjectClass.SECRET_KEY


@dataclass
class KeyObjects:
    """The objects that share one CKA_ID: the halves of a pair, or a secret key.

    `described` is the key as it was once read and found complete, but for what it is wrapped in: it can be
    destroyed, but not altered.
    """

    label: str
    by_class: dict[ObjectClass, Any]
    described: WrappedKey | None = None

    def get(self, kind: ObjectClass) -> Any | None:
        """The object of this class, or `None`. Objects are python-pkcs11's, whose classes are made at run
        time from what a key may do, hence `Any`.
        """
        return self.by_class.get(kind)

    @property
    def main(self) -> Any | None:
        """The private or secret half."""
        return self.by_class.get(PRIVATE) or self.by_class.get(SECRET)


class ObjectIndex:
    """Every key object of the token by key id; and the trusted ones, which are backup keys, apart.

    `backup_keys` are those of the trusted ones that were found finished, by their id: nothing alters them.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._keys: dict[bytes, KeyObjects] = {}
        self._labels: Counter[str] = Counter()
        self.trusted: list[Any] = []
        self.backup_keys: dict[bytes, Any] = {}
        self.load()

    def load(self) -> None:
        """Forget everything and read the token. Handles of private objects change at every login."""
        self._keys.clear()
        self._labels.clear()
        self.trusted.clear()
        self.backup_keys.clear()
        for kind in (PRIVATE, PUBLIC, SECRET):
            for found in self._session.get_objects({Attribute.CLASS: kind}):
                self.add(found)

    def add(self, key: Any) -> None:
        """Remember one object. What a crash left without even its id is nobody's, and stays forgotten."""
        known = key.get_attributes([Attribute.CLASS, Attribute.ID, Attribute.LABEL, Attribute.TRUSTED])
        kind, key_id = known[Attribute.CLASS], known.get(Attribute.ID)
        if kind is SECRET and known.get(Attribute.TRUSTED):
            self.trusted.append(key)
        elif key_id:
            self.remember(key_id, known.get(Attribute.LABEL, ""), kind, key)

    def remember(self, key_id: bytes, label: str, kind: ObjectClass, key: Any) -> None:
        """Remember one object, of which it is known what it is."""
        if key_id not in self._keys:
            self._keys[key_id] = KeyObjects(label, {})
            self._labels[label] += 1
        self._keys[key_id].by_class[kind] = key

    @contextmanager
    def reloaded_on_failure(self) -> Iterator[None]:
        """Where something is made: if that fails, read the token again, since half of it may be there."""
        try:
            yield
        except PKCS11Error:
            self.load()
            raise

    def find(self, key_id: bytes) -> KeyObjects | None:
        return self._keys.get(key_id)

    def get(self, key_id: bytes) -> KeyObjects:
        """The objects of a key. Raises `ObjectNotFound`."""
        objects = self._keys.get(key_id)
        if objects is None:
            raise ObjectNotFound(f"there is no key {key_id.hex()} in this token")
        return objects

    def require_free(self, key_id: bytes, label: str) -> None:
        """Raise `ObjectExists` if a key has this id or label."""
        if key_id in self._keys:
            raise ObjectExists(f"the token already holds key {key_id.hex()}, or half of it")
        if self._labels[label]:
            raise ObjectExists("the token already holds a key with this label")

    def destroy(self, key_id: bytes) -> None:
        """Destroy every object of a key, the private or secret half first. Raises `ObjectNotFound`."""
        objects = self.get(key_id)
        for kind in (PRIVATE, SECRET, PUBLIC):
            found = objects.by_class.get(kind)
            if found is not None:
                found.destroy()
                del objects.by_class[kind]
        del self._keys[key_id]
        self._labels[objects.label] -= 1

    def zone_keys(self) -> dict[bytes, KeyObjects]:
        """The keys of a zone, without the node's own."""
        return {key_id: objects for key_id, objects in self._keys.items() if len(key_id) == KEY_ID_LENGTH}
