"""A real browser with people signed in."""

from pathlib import Path

from django.test import Client
from playwright.sync_api import Page

from tests.cast.people import Member
from tests.console.pages.stage import Stage
from tests.world.signing_in import sign_in

COVERED = (Path(__file__).parent / "covered.js").read_text()


def cookies_of(stage: Stage, member: Member | None, address: str) -> list[dict[str, str]]:
    """The cookies of a browser in which the member is signed in."""
    if member is None:
        return []
    client = sign_in(Client(), stage.world.person(member))
    return [{"name": name, "value": morsel.value, "url": address} for name, morsel in client.cookies.items()]


def covered(page: Page) -> list[str]:
    """What can be followed, pressed or filled in on a page, and is under something else where it is seen."""
    found: list[str] = page.evaluate(COVERED)
    return found
