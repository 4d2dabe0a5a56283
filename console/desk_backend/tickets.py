"""Tickets: made on the console, bound by a cookie to the browser that asked, good once at each station."""

import hashlib
import hmac
import secrets
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.http import url_has_allowed_host_and_scheme

from tenants import clock
from tenants.errors import DomainError, NotAllowed, NotVisible, WrongState
from tenants.models import DeskTicket

CODE_SECONDS = 60
COOKIE = "__Host-quorate-desk" if settings.HTTPS else "quorate-desk"


class TicketUsed(DomainError):
    """The ticket was redeemed at this station before."""


class TicketExpired(DomainError):
    """The ticket is too old."""


def go_to_desk(request: HttpRequest, *, purpose: str, document: bytes, **bound_to: Any) -> HttpResponse:
    """Make a ticket for `document` and send the browser to the desk with it.

    `bound_to` are further columns of the ticket: person, proposal, charter, invitation, context, next_path.
    """
    browser = request.COOKIES.get(COOKIE, "")
    if len(browser) != 43:
        browser = secrets.token_urlsafe(32)
    secret = secrets.token_urlsafe(32)
    DeskTicket.objects.create(
        purpose=purpose,
        secret_hash=hash_of(secret),
        browser_hash=hash_of(browser),
        document=document,
        expires_at=clock.now() + timedelta(seconds=settings.DESK_TICKET_SECONDS),
        **bound_to,
    )
    response = HttpResponse(status=303, headers={"Location": f"{settings.DESK_ORIGIN}/#{secret}"})
    response.headers["Cache-Control"] = "no-store"
    response.set_cookie(COOKIE, browser, httponly=True, samesite="Lax", secure=settings.HTTPS)
    return response


def fetch(secret: str) -> DeskTicket:
    """The ticket, the one time the desk asks what is to be signed."""
    ticket = _find(secret)
    if not DeskTicket.objects.filter(pk=ticket.pk, fetched_at=None).update(fetched_at=clock.now()):
        raise TicketUsed("ticket-used", "This ticket was fetched before.")
    return ticket


def find_for_answer(secret: str) -> DeskTicket:
    """The ticket, if it was fetched and not answered yet."""
    ticket = _find(secret)
    if ticket.fetched_at is None or ticket.answered_at is not None:
        raise TicketUsed("ticket-used", "This ticket was answered before, or never fetched.")
    return ticket


def answer(ticket: DeskTicket, content: bytes) -> str:
    """Keep the desk's answer; returns the code with which the browser comes back for its effect."""
    code = secrets.token_urlsafe(32)
    kept = DeskTicket.objects.filter(pk=ticket.pk, answered_at=None).update(
        answered_at=clock.now(), answer=content, code_hash=hash_of(code)
    )
    if not kept:
        raise TicketUsed("ticket-used", "This ticket was answered before.")
    return code


def redeem(request: HttpRequest, code: str) -> DeskTicket:
    """The answered ticket of this code, once, in the browser it was made in.

    Raises NotAllowed, and forgets the ticket, in any other browser.
    """
    ticket = DeskTicket.objects.filter(code_hash=hash_of(code)).first()
    if ticket is None or ticket.answered_at is None:
        raise NotVisible("This way back from the desk is not known. Begin again on the console.")
    if not DeskTicket.objects.filter(pk=ticket.pk, returned_at=None).update(returned_at=clock.now()):
        raise WrongState("ticket-used", "This way back from the desk was used already.")
    if not hmac.compare_digest(ticket.browser_hash, hash_of(request.COOKIES.get(COOKIE, ""))):
        ticket.delete()
        raise NotAllowed("other-browser", "This was begun in another browser. Nothing was done.")
    if clock.now() - ticket.answered_at > timedelta(seconds=CODE_SECONDS):
        raise WrongState("ticket-expired", "The way back from the desk took too long. Begin again.")
    return ticket


def page_left(request: HttpRequest) -> str:
    """The page on which this browser made its last ticket."""
    browser = hash_of(request.COOKIES.get(COOKIE, ""))
    ticket = DeskTicket.objects.filter(browser_hash=browser).order_by("-created_at").first()
    return ticket.next_path if ticket else "/"


def forget_old() -> None:
    """Delete tickets that are of no use any more; what they led to stands in the log."""
    DeskTicket.objects.filter(expires_at__lt=clock.now() - timedelta(hours=1)).delete()


def safe_path(path: str | None) -> str:
    """`path` if it leads to this console's own pages, else the first page."""
    if path and path.startswith("/") and url_has_allowed_host_and_scheme(path, allowed_hosts=None):
        return path[:500]
    return "/"


def hash_of(secret: str) -> str:
    """SHA-256 of a secret: all that is kept of it."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _find(secret: str) -> DeskTicket:
    ticket = (
        DeskTicket.objects.select_related("person__organisation", "proposal", "charter", "invitation")
        .filter(secret_hash=hash_of(secret))
        .first()
    )
    if ticket is None:
        raise NotVisible("There is no such ticket.")
    if ticket.expires_at <= clock.now():
        raise TicketExpired("ticket-expired", "This ticket was made too long ago.")
    return ticket
