"""Fixtures for the tests of the pages."""

import pytest
from django.test import Client

from tests.cast.people import Member
from tests.console.pages.stage import Stage
from tests.world.signing_in import sign_in


@pytest.fixture(autouse=True, scope="session")
def _static_root():
    """The web server's folder of static files, which WhiteNoise wants to be there."""
    from django.conf import settings

    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)


@pytest.fixture
def stage(world, once) -> Stage:
    """A deployment with something on every page."""
    return once(Stage(world).set).beat()


@pytest.fixture
def as_(world):
    """A browser in which a member of the cast is signed in."""

    def browser(member: Member) -> Client:
        return sign_in(Client(), world.person(member))

    return browser


@pytest.fixture
def browser(chromium):
    """Chromium."""
    return chromium
