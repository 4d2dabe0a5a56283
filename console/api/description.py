"""The API's own description: the OpenAPI document, and pages made from it for people to read."""

import json
from functools import cache
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from drf_spectacular.generators import SchemaGenerator
from rest_framework.permissions import AllowAny
from rest_framework.request import Request

from console.api.base import ApiView
from console.api.schema_pages import resources_of


@cache
def document() -> dict[str, Any]:
    """The OpenAPI document of this version of the console."""
    return dict(SchemaGenerator().get_schema(request=None, public=True))


@cache
def _document_bytes() -> bytes:
    return json.dumps(document(), ensure_ascii=False, indent=1).encode()


class PublicView(ApiView):
    """What anybody may read."""

    permission_classes = [AllowAny]
    authentication_classes = []
    is_public = True


class OpenApi(PublicView):
    """The OpenAPI document."""

    schema = None

    def get(self, request: Request) -> HttpResponse:  # noqa: ARG002
        """The document."""
        return HttpResponse(_document_bytes(), content_type="application/vnd.oai.openapi+json")


class Documentation(PublicView):
    """The same for people: one page, without scripts."""

    schema = None

    def get(self, request: Request) -> HttpResponse:
        """The page."""
        context = {"info": document()["info"], "resources": resources_of(document())}
        return render(request._request, "console/api/docs.html", context)  # noqa: SLF001
