"""The one place where a refusal becomes HTTP: problem details for programs, a page for people."""

import secrets
from http import HTTPStatus
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

from console.sessions import page_before
from hsmnodes.node.protocol.errors import Refused
from tenants import errors

logger = structlog.get_logger(__name__)

PROBLEM = "application/problem+json"
STATUSES: dict[type[Exception], HTTPStatus] = {
    errors.NotVisible: HTTPStatus.NOT_FOUND,
    errors.NotAllowed: HTTPStatus.FORBIDDEN,
    errors.WrongState: HTTPStatus.CONFLICT,
    errors.Invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.SignatureNotAccepted: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.DomainError: HTTPStatus.BAD_REQUEST,
    Refused: HTTPStatus.UNPROCESSABLE_ENTITY,
}
DOMAIN = (errors.DomainError, Refused)


def status_of(error: Exception) -> HTTPStatus:
    """The status for a domain error, by the closest class that has one."""
    return next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)


def problem(status: int, code: str, detail: str, **more: Any) -> dict[str, Any]:
    """Problem details (RFC 9457) with a stable `code`, and a `reference` to quote that stands in the logs."""
    reference = secrets.token_hex(4)
    logger.info("refused", code=code, status=int(status), reference=reference)
    return {
        "type": f"urn:quorate:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": int(status),
        "code": code,
        "detail": detail,
        "reference": reference,
        **more,
    }


def problem_response(status: int, code: str, detail: str) -> JsonResponse:
    """Problem details as an answer."""
    return JsonResponse(problem(status, code, detail), status=status, content_type=PROBLEM)


class DomainErrorMiddleware:
    """Turns a domain error of any view into its answer; other exceptions stay Django's."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED and not response.content:
            return self._explain(request, response)
        return response

    def _explain(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """A page where a browser would show its own."""
        message = "This address takes forms, and shows nothing by itself."
        explained = refuse(request, response.status_code, "method-not-allowed", message)
        explained.headers["Allow"] = response.headers["Allow"]
        return explained

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """The answer for a domain error; None leaves any other to Django."""
        if not isinstance(error, DOMAIN):
            return None
        return refuse(request, status_of(error), error.code, error.message)


def refuse(request: HttpRequest, status: int, code: str, message: str) -> HttpResponse:
    """A refusal for whoever asks: problem details under /api/, elsewhere a page with an id to quote."""
    if request.path.startswith("/api/"):
        return problem_response(status, code, message)
    reference = secrets.token_hex(4)
    logger.info("refused", code=code, status=int(status), reference=reference, path=request.path)
    back = getattr(request, "back", None) or page_before(request)
    context = {"status": int(status), "code": code, "message": message, "reference": reference}
    context |= {"back": back if back != "/" else "", "origin": settings.CONSOLE_ORIGIN}
    return render(request, "console/error.html", context, status=status)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that was not sent from this console's own page, or too late."""
    logger.warning("csrf", reason=reason)
    return refuse(
        request,
        HTTPStatus.FORBIDDEN,
        "stale-form",
        "This form has gone stale. Load the page again; nothing was done.",
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - by this name
    """An address that leads nowhere looks like a thing that is not for this person."""
    error = errors.NotVisible()
    return refuse(request, HTTPStatus.NOT_FOUND, error.code, error.message)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """What cannot be a request of this console's own: another host's, or one that is too large to read."""
    if isinstance(exception, DisallowedHost):
        return refuse(
            request, HTTPStatus.BAD_REQUEST, "other-host", f"This console is at {settings.CONSOLE_ORIGIN}."
        )
    message = "The request cannot be read. Nothing was done."
    return refuse(request, HTTPStatus.BAD_REQUEST, "bad-request", message)


def server_error(request: HttpRequest) -> HttpResponse:
    """Something that was not foreseen; the log has the rest."""
    message = "Something went wrong here. Nothing was done that is not shown; try again or tell the operator."
    return refuse(request, HTTPStatus.INTERNAL_SERVER_ERROR, "unexpected", message)


def api_exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """The same for the REST API, where the framework's own errors become problem details too."""
    if isinstance(error, DOMAIN):
        status = status_of(error)
        return Response(problem(status, error.code, error.message), status=status, content_type=PROBLEM)
    response = exception_handler(error, context)
    if response is None:
        return None
    detail, more = _detail(error, response)
    response.data = problem(response.status_code, _code(error), detail, **more)
    response.content_type = PROBLEM
    return response


def _code(error: Exception) -> str:
    """The framework's code for its error, in the spelling of ours."""
    detail = getattr(error, "detail", None)
    code = getattr(detail, "code", None) or getattr(error, "default_code", "not-found")
    return str(code).replace("_", "-")


def _detail(error: Exception, response: Response) -> tuple[str, dict[str, Any]]:
    if isinstance(error, exceptions.ValidationError):
        return "Some fields cannot be used.", {"fields": response.data}
    data = response.data
    return (str(data["detail"]) if isinstance(data, dict) and "detail" in data else "Refused."), {}
