"""How often an address may ask without saying who it is, so that guessing and hammering stay cheap for us.

Counted a minute in this process's own cache. People who are signed in are never held up; a program whose
address has failed too often waits until the next minute.
"""

import time

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from rest_framework import exceptions

STRANGERS_A_MINUTE = 120
MINUTE = 60


class TooMany(exceptions.Throttled):
    """Too many requests of strangers from one address."""

    default_code = "too-many"
    default_detail = "Too many requests from this address without a signature that holds."
    extra_detail_singular = extra_detail_plural = "Try again in {wait} s."


def check(request: HttpRequest) -> None:
    """Raise TooMany if the address of `request` has used up its minute and nobody is signed in there."""
    if request.person is None and cache.get(_key(request), 0) >= STRANGERS_A_MINUTE:
        raise TooMany(wait=MINUTE - time.time() % MINUTE)


def count(request: HttpRequest) -> None:
    """Count a request of a stranger."""
    key = _key(request)
    cache.add(key, 0, timeout=2 * MINUTE)
    try:
        cache.incr(key)
    except ValueError:  # it was evicted in between
        cache.set(key, 1, timeout=2 * MINUTE)


def _key(request: HttpRequest) -> str:
    return f"strangers:{_address(request)}:{int(time.time()) // MINUTE}"


def _address(request: HttpRequest) -> str:
    """Where it comes from: behind a proxy what that added last, as everything before can be made up."""
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
    if settings.SECURE_PROXY_SSL_HEADER and forwarded:
        return forwarded.rpartition(",")[2].strip()[:64].replace(" ", "")
    return request.META.get("REMOTE_ADDR", "")
