"""Real browsers before the whole of Quorate."""

import os
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.e2e.running import Running, running_demo
from tests.e2e.visitor import Visitor

CHROMIUM = os.environ.get("QUORATE_CHROMIUM", "/usr/bin/chromium")
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
).split()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The demo, begun anew."""
    with running_demo(tmp_path_factory.mktemp("demo") / "var") as running:
        yield running


@pytest.fixture
def who(chromium: Browser, demo: Running) -> Iterator[Callable[[str], Visitor]]:
    """Somebody of the cast, signed in, each in a browser of their own."""
    visitors: dict[str, Visitor] = {}

    def somebody(name: str) -> Visitor:
        if name not in visitors:
            visitors[name] = Visitor(chromium, demo.console, name)
            visitors[name].sign_in()
        return visitors[name]

    yield somebody
    for visitor in visitors.values():
        visitor.close()
