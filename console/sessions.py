"""Sessions: who is signed in, since when, and how recently they showed their token.

There are no passwords: a session begins at the desk (console/desk_backend/). It carries the person's session
epoch, so that raising the epoch ends all of them at once.
"""

import time
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.middleware.csrf import rotate_token
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from console.models import BrowserSession
from tenants import clock, log
from tenants.log import Event
from tenants.models import Person, Token

PERSON, EPOCH, TOKEN = "person", "epoch", "token"
BEGAN, SHOWN, SEEN = "began", "shown", "seen"
RECORD = "record"
SEEN_STEP = 60
# What each sends of itself, those first that name others too.
BROWSERS = {"Edg/": "Edge", "OPR/": "Opera", "Firefox/": "Firefox", "Chrome/": "Chrome", "Safari/": "Safari"}
SYSTEMS = {
    "Android": "Android",
    "iPhone": "iOS",
    "iPad": "iPadOS",
    "Windows": "Windows",
    "Mac OS X": "macOS",
    "Linux": "Linux",
}

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
    BrowserSession.objects.filter(pk=request.session.get(RECORD)).update(ended_at=clock.now())
    request.session.flush()
    rotate_token(request)  # a form that another person has still open here is not sent as this one's
    record = open_record(
        person=person, token=token, browser=browser_of(request.headers.get("User-Agent", "")), at=now
    )
    request.session.update(
        {
            PERSON: person.id,
            EPOCH: person.session_epoch,
            TOKEN: token.id,
            RECORD: record.pk,
            BEGAN: now,
            SHOWN: now,
            SEEN: now,
        }
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
    if person is not None:
        person.browser_sessions.filter(pk=request.session[RECORD]).update(ended_at=clock.now())
    request.session.flush()
    if person is not None:
        log.record(
            Event.SIGNED_OUT,
            f"{person.name} signed out.",
            about=log.about_within(person.organisation, "person", person.id),
            actor=person,
        )


def open_record(*, person: Person, token: Token, browser: str, at: int) -> BrowserSession:
    """Note that the person is signed in by `token` in `browser` since `at` (Unix seconds)."""
    moment = clock.from_unix(at)
    return BrowserSession.objects.create(
        person=person,
        token=token,
        epoch=person.session_epoch,
        browser=browser,
        began_at=moment,
        seen_at=moment,
    )


def live_sessions(person: Person) -> QuerySet[BrowserSession]:
    """Where the person is signed in, last used first."""
    now = clock.now()
    return person.browser_sessions.filter(
        ended_at=None,
        epoch=person.session_epoch,
        token__suspended_at=None,
        began_at__gte=now - timedelta(seconds=settings.SESSION_SECONDS),
        seen_at__gte=now - timedelta(seconds=settings.SESSION_IDLE_SECONDS + SEEN_STEP),
    ).order_by("-seen_at", "-pk")


def end_record(*, record: BrowserSession, by: Person) -> None:
    """Sign the person out in one browser, from any of theirs."""
    record.ended_at = clock.now()
    record.save(update_fields=["ended_at"])
    log.record(
        Event.SIGNED_OUT,
        f"{by.name} signed out in {record.browser}, from another browser.",
        about=log.about_within(by.organisation, "person", by.id),
        actor=by,
    )


def forget_old_records() -> None:
    """Remove the records of sessions that have ended by themselves long since."""
    before = clock.now() - timedelta(seconds=2 * settings.SESSION_SECONDS)
    BrowserSession.objects.filter(began_at__lt=before).delete()


def browser_of(agent: str) -> str:
    """A browser in the words its user knows it by, from the User-Agent it sent (RFC 9110 section 10.1.5)."""
    name = next((name for sign, name in BROWSERS.items() if sign in agent), "")
    system = next((name for sign, name in SYSTEMS.items() if sign in agent), "")
    return " on ".join(part for part in (name, system) if part) or "An unknown browser"


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
    # Who signed in by a token that was suspended since, because it was lost or copied, is signed in no more;
    # nor who ended this session from another browser.
    by_token = {"tokens": request.session.get(TOKEN) or "", "tokens__suspended_at": None}
    here = {"browser_sessions": request.session.get(RECORD) or "", "browser_sessions__ended_at": None}
    people = Person.objects.select_related("organisation__provider")
    person = people.filter(pk=key, **by_token, **here).first()
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
        person.browser_sessions.filter(pk=request.session[RECORD]).update(seen_at=clock.from_unix(now))
    return person
