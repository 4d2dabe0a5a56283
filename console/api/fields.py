"""Fields that many resources share."""

from collections.abc import Iterable
from typing import Any

from rest_framework import serializers

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.words import fingerprint

ID = r"^[0-9a-f]{32}$"
HASH = r"^[0-9a-f]{64}$"
BYTES = r"^[A-Za-z0-9_-]*$"


class IdField(serializers.RegexField):
    """An id: 32 hexadecimal digits."""

    def __init__(self, **options: Any) -> None:
        super().__init__(ID, **options)


class HashField(serializers.RegexField):
    """A SHA-256: 64 hexadecimal digits."""

    def __init__(self, **options: Any) -> None:
        super().__init__(HASH, **options)


class BytesField(serializers.RegexField):
    """Bytes in base64url without padding."""

    def __init__(self, **options: Any) -> None:
        super().__init__(BYTES, **options)

    def to_representation(self, value: Any) -> str:
        """The bytes; text is bytes in base64url already."""
        return value if isinstance(value, str) else canonical.b64u(bytes(value))


class WordsField(serializers.ListField):
    """The eight words of a SHA-256, to compare over the phone."""

    child = serializers.CharField()

    def to_representation(self, data: str) -> list[str]:
        """The words of the hash that is the field's source."""
        return list(fingerprint(data))


class RolesField(serializers.ListField):
    """Roles, sorted."""

    child = serializers.CharField()

    def to_representation(self, data: Iterable[Any]) -> list[str]:
        """The roles' names."""
        return sorted(str(role) for role in data)


class NamedSerializer(serializers.Serializer[Any]):
    """An id, and the name people know it by."""

    id = IdField()
    name = serializers.CharField()


class AuthoritySerializer(NamedSerializer):
    """An organisation or zone whose consent counts."""

    kind = serializers.ChoiceField(["provider", "customer", "zone"])
