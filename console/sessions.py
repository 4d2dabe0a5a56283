"""Sessions: who is signed in, since when, and how recently they showed their token.

There are no passwords: a session begins at the desk (console/desk_backend/). It carries the person's session
epoch, so that raising the epoch ends all of them at once.
"""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.middleware.csrf import rotate_token
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from tenants import clock, log
from tenants.log import Event
from tenants.models import Person, Token

PERSON, EPOCH, TOKEN = "person", "epoch", "token"
BEGAN, SHOWN, SEEN = "began", "shown", "seen"
SEEN_STEP = 60

View = Callable[..., HttpResponse]


class PersonMiddleware:
    """Sets `request.person` (and `request.user`): the person signed in, or None."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.person = request.user = _person_of(request)
        response = self.get_response(request)
        if request.person is not None:
            # Going back shows how things stand, not how they stood; nor what another person saw here.
            response.headers.setdefault("Cache-Control", "no-store")
        return response


def begin_session(request: HttpRequest, *, person: Person, token: Token) -> None:
    """Sign `person` in, who has just shown `token` at the desk."""
    now = int(time.time())
    request.session.flush()
    rotate_token(request)  # a form that another person has still open here is not sent as this one's
    request.session.update(
        {PERSON: person.id, EPOCH: person.session_epoch, TOKEN: token.id, BEGAN: now, SHOWN: now, SEEN: now}
    )
    Person.objects.filter(pk=person.pk).update(last_seen_at=clock.now())
    log.record(
        Event.SIGNED_IN,
        f"{person.name} signed in.",
        about=log.about_within(person.organisation, "person", person.id),
        actor=person,
        details={"token": token.id},
    )


def end_session(request: HttpRequest) -> None:
    """Sign out here."""
    person = request.person
    request.session.flush()
    if person is not None:
        log.record(
            Event.SIGNED_OUT,
            f"{person.name} signed out.",
            about=log.about_within(person.organisation, "person", person.id),
            actor=person,
        )


def is_recent(request: HttpRequest) -> bool:
    """Whether the person showed a token here only a short while ago."""
    return int(time.time()) - request.session.get(SHOWN, 0) <= settings.REAUTHENTICATION_SECONDS


def person_required(view: View) -> View:
    """Lets only people in; others are sent to sign in and come back."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.person is None:
            return _to_sign_in(request)
        return view(request, *args, **kwargs)

    return wrapped


def recent_required(view: View) -> View:
    """Lets only people in who showed their token a short while ago; others show it and come back."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.person is None or not is_recent(request):
            return _to_sign_in(request)
        return view(request, *args, **kwargs)

    return wrapped


def page_before(request: HttpRequest) -> str:
    """The path of this console's own page that the request came from; the first page's, if unknown."""
    origin, found, path = request.headers.get("Referer", "").partition(settings.CONSOLE_ORIGIN + "/")
    known = found and not origin and url_has_allowed_host_and_scheme(f"/{path}", allowed_hosts=None)
    return f"/{path}" if known else "/"


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    back = request.get_full_path() if request.method == "GET" else page_before(request)
    address = f"{reverse('sign-in')}?{urlencode({'next': back})}"
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(headers={"HX-Redirect": f"{reverse('sign-in')}?{urlencode({'next': '/'})}"})
    return HttpResponseRedirect(address)


def _person_of(request: HttpRequest) -> Person | None:
    key = request.session.get(PERSON)
    if key is None:
        return None
    now = int(time.time())
    began, seen = request.session.get(BEGAN, 0), request.session.get(SEEN, 0)
    # Who signed in by a token that was suspended since, because it was lost or copied, is signed in no more.
    by_token = {"tokens": request.session.get(TOKEN), "tokens__suspended_at": None}
    person = Person.objects.select_related("organisation__provider").filter(pk=key, **by_token).first()
    if (
        person is None
        or request.session.get(EPOCH) != person.session_epoch
        or now - began > settings.SESSION_SECONDS
        or now - seen > settings.SESSION_IDLE_SECONDS
    ):
        request.session.flush()
        return None
    # What polls by itself does not keep a session alive: only what people do counts as seen.
    if now - seen > SEEN_STEP and request.headers.get("HX-Trigger-Name") != "poll":
        request.session[SEEN] = now
    return person
