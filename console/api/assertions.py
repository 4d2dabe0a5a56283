"""What tokens signed at the desk, as it is handed in here."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from rest_framework import serializers

from console.api.fields import BytesField
from hsmnodes.node.protocol.documents import Assertion
from hsmnodes.node.protocol.documents.base import refusal


class AssertionSerializer(serializers.Serializer[Any]):
    """A WebAuthn assertion as the token and the browser gave it, each part in base64url."""

    credential_id = BytesField(max_length=1364)
    authenticator_data = BytesField(max_length=2732)
    client_data = BytesField(max_length=5462)
    signature = BytesField(max_length=200)


class SignedSerializer(serializers.Serializer[Any]):
    """An assertion over the document itself."""

    assertion = AssertionSerializer()


class StatedSerializer(serializers.Serializer[Any]):
    """An assertion over a statement about a proposal: the canonical bytes of that statement."""

    statement = BytesField(max_length=8192)
    assertion = AssertionSerializer()


def read_assertion(given: Mapping[str, Any]) -> Assertion:
    """The assertion. Raises DocumentRefused if a part is not canonical base64url."""
    try:
        return Assertion.model_validate(dict(given))
    except ValidationError as error:
        raise refusal(error, what="The assertion") from None
