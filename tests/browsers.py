"""The one real browser of a test run: Playwright allows only one of its loops in a process."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

# The headless shell draws no window of a browser around the page.
CHROMIA = [Path("/usr/bin/chromium-headless-shell"), Path("/usr/bin/chromium")]
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
).split()


def find_chromium() -> str:
    """Debian's Chromium without a window, or with one where that is not; QUORATE_CHROMIUM names another."""
    wanted = os.environ.get("QUORATE_CHROMIUM")
    found = [wanted] if wanted else [str(one) for one in CHROMIA if one.exists()]
    return found[0] if found else pytest.fail("Chromium is missing: run script/setup, which installs it")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, started by the first test that asks for it."""
    # Playwright's loop runs in this thread, and Django would take every query beside it for a mistake.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
