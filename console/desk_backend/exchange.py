"""What the desk asks and answers: two cross-origin requests without cookies (docs/formats/desk.md)."""

import json
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from pydantic import ValidationError

from console.desk_backend import shapes, tickets
from console.desk_backend.ceremony_papers import ceremony_papers
from console.errors import problem_response
from console.leaks import find_leak
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import Contribution, ShareKeyRequest
from hsmnodes.node.protocol.errors import DocumentRefused
from hsmnodes.node.protocol.purposes import Purpose
from tenants import charters, tags
from tenants.errors import NotVisible
from tenants.models import CharterVersion, DeskPurpose, DeskTicket, Statement

LIMIT = 1_048_576
PURPOSES = {
    DeskPurpose.SIGN_IN: Purpose.SIGN_IN,
    DeskPurpose.ENROL: Purpose.ENROL,
    DeskPurpose.PROPOSE: Purpose.PROPOSE,
    DeskPurpose.APPROVE: Purpose.APPROVE,
    DeskPurpose.REJECT: Purpose.REJECT,
    DeskPurpose.CANCEL: Purpose.CANCEL,
    DeskPurpose.FOUND: Purpose.FOUND,
    DeskPurpose.SUSPEND: Purpose.SUSPEND,
    DeskPurpose.SHARE_KEY: Purpose.SHARE_KEY,
    DeskPurpose.CONTRIBUTE: Purpose.CONTRIBUTE,
}


class Malformed(Exception):
    """The request is not the JSON it should be."""


def for_the_desk(view: Callable[[Any], JsonResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Answers the desk's origin alone, strictly in JSON; refusals are problem details with a code."""

    @csrf_exempt
    @wraps(view)
    def wrapped(request: HttpRequest) -> HttpResponse:
        if request.headers.get("Origin") != settings.DESK_ORIGIN:
            return problem_response(HTTPStatus.FORBIDDEN, "other-origin", "Only the desk asks this.")
        if request.method == "OPTIONS":
            response = HttpResponse(status=HTTPStatus.NO_CONTENT)
            response.headers["Access-Control-Allow-Methods"] = "POST"
            response.headers["Access-Control-Allow-Headers"] = "content-type"
            response.headers["Access-Control-Max-Age"] = "600"
        elif request.method == "POST":
            response = _answer(view, request)
        else:
            response = problem_response(HTTPStatus.METHOD_NOT_ALLOWED, "malformed", "Only POST.")
        response.headers["Access-Control-Allow-Origin"] = settings.DESK_ORIGIN
        response.headers["Vary"] = "Origin"
        response.headers["Cache-Control"] = "no-store"
        return response

    return wrapped


def _answer(view: Callable[[Any], JsonResponse], request: HttpRequest) -> HttpResponse:
    try:
        return view(_read_json(request))
    except (Malformed, ValidationError, DocumentRefused):
        return problem_response(HTTPStatus.BAD_REQUEST, "malformed", "Not the JSON this should be.")
    except NotVisible as error:
        return problem_response(HTTPStatus.NOT_FOUND, "ticket-unknown", error.message)
    except tickets.TicketUsed as error:
        return problem_response(HTTPStatus.CONFLICT, error.code, error.message)
    except tickets.TicketExpired as error:
        return problem_response(HTTPStatus.GONE, error.code, error.message)


@for_the_desk
def ticket(content: Any) -> JsonResponse:
    """What is to be signed, once a ticket."""
    asked = shapes.Asked.model_validate(content)
    found = tickets.fetch(asked.ticket)
    states = found.purpose in (DeskPurpose.REJECT, DeskPurpose.CANCEL)
    return JsonResponse(
        {
            "purpose": PURPOSES[DeskPurpose(found.purpose)].value,
            "document": canonical.b64u(bytes(found.document)),
            "attached": [canonical.b64u(document) for document in _attached(found)],
            "credentials": _credentials(found),
            "ceremony": ceremony_papers(found),
            "person": found.person.named().model_dump() if states else None,
        }
    )


@for_the_desk
def answer(content: Any) -> JsonResponse:
    """The desk's answer, once a ticket; it takes effect when the browser comes back with the code."""
    secret = content.get("ticket") if isinstance(content, dict) else None
    if not isinstance(secret, str):
        raise Malformed
    found = tickets.find_for_answer(secret)
    if find_leak(content, found.person):
        raise Malformed
    given = shapes.ANSWERS[DeskPurpose(found.purpose)].model_validate(content)
    kept = canonical.encode(given.model_dump(mode="json", exclude={"ticket"}))
    return JsonResponse({"code": tickets.answer(found, kept)})


def _attached(found: DeskTicket) -> list[bytes]:
    """The charters, or the statement, whose hash stands in the parameters of the proposal to be signed.

    Who requests or approves is shown those that decide, too: what their rules demand beside signatures.
    """
    if found.proposal is None or found.purpose == DeskPurpose.CONTRIBUTE:
        return []
    document = found.proposal.document
    named = [value for value in document.parameters.values() if isinstance(value, str)]
    agreed = Statement.objects.filter(hash__in=named if document.operation == tags.SIGN_STATEMENT else ())
    if found.purpose in (DeskPurpose.PROPOSE, DeskPurpose.APPROVE):
        named += [authority.hash for authority in document.authorities]
    found_charters = CharterVersion.objects.filter(hash__in=named)
    return [bytes(one.raw) for one in (*agreed, *found_charters)]


def _credentials(found: DeskTicket) -> list[str]:
    """The tokens the desk may ask for."""
    if found.person is None:
        return []
    if found.charter is not None:
        return [
            one.token.credential_id
            for one in charters.unsigned(found.charter)
            if one.person == found.person_id
        ]
    if found.purpose == DeskPurpose.SHARE_KEY:
        return [ShareKeyRequest.from_bytes(bytes(found.document)).credential_id]
    if found.purpose == DeskPurpose.CONTRIBUTE:
        return [Contribution.from_bytes(bytes(found.document)).credential_id]
    held = found.person.tokens.all()
    stops = found.purpose in (DeskPurpose.REJECT, DeskPurpose.CANCEL)
    if found.purpose != DeskPurpose.ENROL and not stops:
        held = held.filter(suspended_at=None)
    return list(held.order_by("created_at", "id").values_list("credential_id", flat=True))


def _read_json(request: HttpRequest) -> Any:
    if request.content_type != "application/json":
        raise Malformed
    try:
        body = request.body
        if len(body) > LIMIT:
            raise Malformed
        return json.loads(body.decode("utf-8"), object_pairs_hook=_without_duplicates)
    except (ValueError, RecursionError, RequestDataTooBig):
        raise Malformed from None


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Malformed
    return members
