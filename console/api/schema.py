"""The OpenAPI description of the resources, derived from their views: nothing is described twice.

Every operation can be refused with problem details (RFC 9457). The summary of an operation is the first line
of its method's docstring, or of its view's.
"""

import inspect
import re
from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, inline_serializer
from rest_framework import serializers

PROBLEM_TYPE = "application/problem+json"
READ_REFUSALS = {
    400: "A query parameter cannot be used.",
    401: "Nobody is signed in, or the signature does not hold.",
    404: "It does not exist, or not for you: both look the same.",
    429: "Too many requests without a signature that holds.",
}
LIST_REFUSALS = {422: "The cursor is not one of this list."}
WRITE_REFUSALS = READ_REFUSALS | {
    403: "You may see this, and not do this with it.",
    409: "It is not, or no longer, in a state in which this can be done.",
    413: "The content is too long.",
    415: "The content is not application/json.",
    422: "What was given cannot be used, or a signature does not hold.",
}
IDEMPOTENCY = OpenApiParameter(
    "Idempotency-Key",
    location=OpenApiParameter.HEADER,
    description="1 to 200 visible ASCII characters of your own. The same request with the same key makes one "
    "draft, however often it is sent; another request with that key is refused (409).",
    type={"type": "string", "pattern": r"^[\x21-\x7e]{1,200}$"},
)


class ProblemSerializer(serializers.Serializer[Any]):
    """Why something was refused (RFC 9457). `code` is stable; quote `reference` when you ask about it."""

    type = serializers.CharField(help_text="urn:quorate:problem: and the code.")
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField(help_text="For people, and nothing else.")
    reference = serializers.CharField()
    fields_ = serializers.DictField(required=False, help_text="Which fields cannot be used, and why.")

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Its fields; `fields` is a name that serializers use themselves."""
        found = super().get_fields()
        found["fields"] = found.pop("fields_")
        return found


class ApiSchema(AutoSchema):
    """Describes an ApiView by its attributes: gives, item, query, media_type, body, answers."""

    def get_operation_id(self) -> str:
        """read_… or send_… and the view's name in snake case."""
        name = re.sub(r"(?<!^)(?=[A-Z])", "_", type(self.view).__name__).lower()
        return f"{'read' if self.method == 'GET' else 'send'}_{name}"

    def get_tags(self) -> list[str]:
        """The resource: the first part of the address after the version."""
        return [self.path.removeprefix("/api/v1/").partition("/")[0]]

    def get_summary(self) -> str:
        """The first line."""
        return self._lines()[0]

    def get_description(self) -> str:
        """The rest."""
        return self._lines()[1]

    def get_override_parameters(self) -> list[Any]:
        """Parameters in the path, the query and headers."""
        found: list[Any] = [
            OpenApiParameter(name, location=OpenApiParameter.PATH, type=self._path_type(name))
            for name in re.findall(r"{(\w+)}", self.path)
        ]
        if self.method == "GET" and self.view.query().fields:
            found.append(self.view.query)
        if self.method == "POST" and getattr(self.view, "is_idempotent", False):
            found.append(IDEMPOTENCY)
        return found

    def get_request_serializer(self) -> Any:
        """What POST takes."""
        return getattr(self.view, "body", None)

    def get_response_serializers(self) -> Any:
        """What it answers with, and how it refuses."""
        if self.method == "GET":
            refusals = READ_REFUSALS | (LIST_REFUSALS if hasattr(self.view, "item") else {})
            return {200: self._content(), **_refusals(refusals)}
        good = {status: OpenApiResponse(self.view.gives, text) for status, text in self.view.answers.items()}
        return {**good, **_refusals(WRITE_REFUSALS)}

    def _is_list_view(self, serializer: Any = None) -> bool:  # noqa: ARG002 - lists say so themselves
        return False

    def _content(self) -> Any:
        item = getattr(self.view, "item", None)
        if item is None:
            return self.view.gives
        name = item.__name__.removesuffix("Serializer")
        return inline_serializer(
            f"{name}List",
            {
                "results": item(many=True),
                "older": serializers.CharField(allow_null=True, help_text="The cursor of the next page."),
                "newer": serializers.CharField(allow_null=True, help_text="The cursor of the page before."),
            },
        )

    def _get_response_bodies(self, direction: Any = "response") -> Any:
        found = super()._get_response_bodies(direction)
        media_type = getattr(self.view, "media_type", None)
        if media_type:
            is_json = media_type == "application/json"
            kind = {"type": "object", "additionalProperties": {}} if is_json else {"type": "string"}
            found["200"] = {"description": "The exact bytes.", "content": {media_type: {"schema": kind}}}
        return found

    def _path_type(self, name: str) -> Any:
        pattern = self.view.path_patterns.get(name, "^[0-9a-f]{32}$")
        return {"type": "string", "pattern": pattern}

    def _lines(self) -> tuple[str, str]:
        method = getattr(type(self.view), self.method.lower())
        own = self.method != "GET" or self.method.lower() in vars(type(self.view))
        text = inspect.getdoc(method if own else type(self.view)) or ""
        summary, _, rest = text.partition("\n")
        return summary, rest.strip()


class ProgramScheme(OpenApiAuthenticationExtension):
    """How a program says who it is."""

    target_class = "console.api.authentication.ProgramAuthentication"
    name = "signature"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:  # noqa: ARG002
        """HTTP Message Signatures have no scheme of their own in OpenAPI."""
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Signature",
            "description": "HTTP Message Signatures (RFC 9421) by the program's key: see docs/api.md.",
        }


class SessionScheme(OpenApiAuthenticationExtension):
    """How a person says who they are."""

    target_class = "console.api.authentication.SessionPersonAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:  # noqa: ARG002
        """The console's session cookie."""
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": settings.SESSION_COOKIE_NAME,
            "description": "The session of a person who is signed in; writing needs X-CSRFToken too.",
        }


def _refusals(texts: dict[int, str]) -> dict[Any, Any]:
    return {
        (status, PROBLEM_TYPE): OpenApiResponse(ProblemSerializer, text)
        for status, text in sorted(texts.items())
    }
