"""What all resources share: who may ask, how much, in which form, and how lists are cut into pages.

A view names its serializer and the rows that the one who asks may see; `ListView` and `DetailView` do the
rest. HTTP statuses of refusals are decided in console/errors.py.
"""

from collections.abc import Callable
from typing import Any, ClassVar, cast

from django.db.models import QuerySet
from django.http import HttpResponse
from django.views.decorators.http import conditional_page
from rest_framework import exceptions, serializers
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from console.api import limiting, parsing
from console.api.permissions import PeopleWrite
from console.api.schema import ApiSchema
from tenants import access
from tenants.access import Viewer
from tenants.listing import page_of
from tenants.models import Person


class AlwaysFirst(BaseContentNegotiation):
    """Each address has one form; what else a client would accept is not asked (RFC 9110 section 12.4.1)."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        """The parser of the content's type, or None, which refuses it."""
        content_type = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == content_type), None)

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str = "") -> Any:  # noqa: ARG002
        """The one renderer."""
        return renderers[0], renderers[0].media_type


class ApiView(APIView):
    """A resource.

    `gives` is what it answers with and `query` the parameters GET takes; `body` is what POST takes, and
    `answers` the statuses of its success, in words.
    """

    schema = ApiSchema()
    permission_classes = [PeopleWrite]
    parser_classes = [parsing.StrictJSONParser]
    renderer_classes = [JSONRenderer]
    content_negotiation_class = AlwaysFirst
    metadata_class = None
    query: ClassVar[type[parsing.Query]] = parsing.Query
    gives: ClassVar[Any] = None
    body: ClassVar[type[serializers.Serializer[Any]] | None] = None
    answers: ClassVar[dict[int, str]] = {}
    path_patterns: ClassVar[dict[str, str]] = {}
    is_public: ClassVar[bool] = False
    body_limit: ClassVar[int] = parsing.BODY_LIMIT

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., HttpResponse]:
        """The view, with an ETag for those who ask again and again."""
        return conditional_page(super().as_view(**initkwargs))

    @property
    def viewer(self) -> Viewer:
        """The person or program that asks; permissions have seen to it that there is one."""
        return cast("Viewer", self.request.user)

    @property
    def person(self) -> Person:
        """The person that asks, where only people may."""
        return cast("Person", self.request.user)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse what is too much or too long before looking any closer."""
        limiting.check(request._request)  # noqa: SLF001
        parsing.check_length(request, self.body_limit)
        if self.is_public and request._request.person is None:  # noqa: SLF001
            limiting.count(request._request)  # noqa: SLF001
        super().initial(request, *args, **kwargs)
        self.asked = parsing.read_query(self.query, request.query_params)

    def handle_exception(self, exc: Exception) -> Response:
        """The answer to a refusal; those who did not say who they are, or not rightly, are counted."""
        if isinstance(exc, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
            limiting.count(self.request._request)  # noqa: SLF001
        return super().handle_exception(exc)

    def finalize_response(self, request: Request, response: HttpResponse, *args: Any, **kwargs: Any) -> Any:
        """Keep answers out of caches that others share."""
        answer = super().finalize_response(request, response, *args, **kwargs)
        answer.headers.setdefault("Cache-Control", "private, no-cache")
        return answer

    def represent(self, serializer: type[serializers.Serializer[Any]], found: Any, **options: Any) -> Any:
        """What the one who asks is shown of `found`."""
        return serializer(found, context={"viewer": self.viewer}, **options).data


class ListQuery(parsing.Query):
    """Where in a list, and how much of it."""

    cursor = serializers.CharField(
        required=False, max_length=300, help_text="Of an earlier answer: `older` or `newer`."
    )
    size = serializers.IntegerField(required=False, min_value=1, max_value=200, default=50)


class ListView(ApiView):
    """A list, newest first, in pages."""

    query: ClassVar[type[parsing.Query]] = ListQuery
    item: ClassVar[type[serializers.Serializer[Any]]]
    by: ClassVar[str] = "created_at"
    filters: ClassVar[dict[str, str]] = {}

    def visible(self, viewer: Viewer) -> QuerySet[Any]:
        """The rows that `viewer` may see."""
        raise NotImplementedError

    def get(self, request: Request) -> Response:  # noqa: ARG002 - the framework's
        """One page."""
        rows = self.narrow(self.visible(self.viewer))
        for name, column in self.filters.items():
            if name in self.asked:
                rows = rows.filter(**{column: self.asked[name]})
        page = page_of(rows, cursor=self.asked.get("cursor"), size=self.asked["size"], by=self.by)
        results = self.represent(self.item, page.rows, many=True)
        return Response({"results": results, "older": page.older, "newer": page.newer})

    def narrow(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """What is asked for beyond `filters`."""
        return rows


class OneView(ApiView):
    """Something that is found by its id among the rows that the one who asks may see."""

    def visible(self, viewer: Viewer) -> QuerySet[Any]:
        """The rows that `viewer` may see."""
        raise NotImplementedError

    def find(self, key: object) -> Any:
        """The one with this id. Raises NotVisible to strangers too."""
        return access.get_visible(self.visible(self.viewer), key)


class DetailView(OneView):
    """One thing, with all there is to say about it."""

    def get(self, request: Request, key: str) -> Response:  # noqa: ARG002 - the framework's
        """All about it."""
        return Response(self.represent(self.gives, self.find(key)))


class BytesView(OneView):
    """The exact bytes of something, to keep and to verify."""

    media_type: ClassVar[str] = "application/json"
    file_name: ClassVar[str]

    def content(self, found: Any) -> bytes:
        """The bytes. Raises NotVisible where there are none."""
        raise NotImplementedError

    def get(self, request: Request, key: str) -> HttpResponse:  # noqa: ARG002
        """The bytes as a file."""
        content = self.content(self.find(key))
        disposition = f'attachment; filename="{self.file_name.format(key)}"'
        return HttpResponse(
            content, content_type=self.media_type, headers={"Content-Disposition": disposition}
        )
