"""What every page's template gets."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from hsmnodes import ceremonies
from hsmnodes.models import Ceremony
from tenants.notices.reading import count_unread


def console(request: HttpRequest) -> dict[str, Any]:
    """Who is signed in, how much waits for them and is new, and which deployment this is."""
    person = getattr(request, "person", None)
    return {
        "person": person,
        "waiting_count": person.inbox.count() + len(shares_to_give(request)) if person else 0,
        "unread_count": count_unread(person) if person else 0,
        "is_demo": settings.DEMO,
        "desk_origin": settings.DESK_ORIGIN,
    }


def shares_to_give(request: HttpRequest) -> list[Ceremony]:
    """The ceremonies at which a share of who is signed in is asked for, looked for once a request."""
    if not hasattr(request, "shares_to_give"):
        request.shares_to_give = ceremonies.waiting_for(request.person)
    found: list[Ceremony] = request.shares_to_give
    return found
