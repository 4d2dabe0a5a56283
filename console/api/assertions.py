"""What tokens signed at the desk, as it is handed in here."""

from collections.abc import Mapping
from typing import Any, cast

from pydantic import ValidationError
from rest_framework import serializers
from rest_framework.request import Request

from console.api.fields import BytesField
from console.api.parsing import read_body
from console.leaks import find_leak
from hsmnodes.node.protocol.documents import Assertion
from hsmnodes.node.protocol.documents.base import refusal
from tenants.models import Person


class Leaked(serializers.ValidationError):
    """The content holds what a token computed, which must never leave the desk."""

    default_code = "secret-leaked"
    default_detail = (
        "This holds what a token computed. It must never leave the desk, and nothing of it was kept."
    )


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


def read_signed(body: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    """The content as `body` has it, its assertion read. Raises Leaked, with an alarm; ValidationError.

    Raises DocumentRefused if a part of the assertion is not canonical base64url.
    """
    if find_leak(request.data, cast("Person", request.user)):
        raise Leaked
    given = read_body(body, request)
    return given | {"assertion": _assertion(request.data["assertion"])}


def _assertion(given: Mapping[str, Any]) -> Assertion:
    try:
        return Assertion.model_validate(dict(given))
    except ValidationError as error:
        raise refusal(error, what="The assertion") from None
