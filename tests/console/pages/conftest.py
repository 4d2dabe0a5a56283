"""Fixtures for the tests of the pages."""

import os

import pytest
from django.test import Client
from playwright.sync_api import sync_playwright

from tests.cast.people import Member
from tests.console.pages.browsing import ARGUMENTS
from tests.console.pages.stage import Stage
from tests.world.signing_in import sign_in


@pytest.fixture(autouse=True, scope="session")
def _static_root():
    """The web server's folder of static files, which WhiteNoise wants to be there."""
    from django.conf import settings

    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)


@pytest.fixture
def stage(world) -> Stage:
    """A deployment with something on every page."""
    return Stage(world).set()


@pytest.fixture
def as_(world):
    """A browser in which a member of the cast is signed in."""

    def browser(member: Member) -> Client:
        return sign_in(Client(), world.person(member))

    return browser


@pytest.fixture(scope="module")
def browser():
    """Chromium."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        yield chromium
        chromium.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
