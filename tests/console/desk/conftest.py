"""A built desk, a console that lies, and a real browser between them."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from console.desk.build import Desk, build
from console.desk.server import make_application
from tests.console.desk.cast import DEPLOYMENT, simulator
from tests.console.desk.lying_console import LyingConsole

PATIENCE = 20_000
expect.set_options(timeout=PATIENCE)


class _Server(ThreadingMixIn, WSGIServer):
    """Answers others while a browser holds a connection on which it has not asked for anything yet."""

    daemon_threads = True


class _Silent(WSGIRequestHandler):
    def log_message(self, *_args: Any) -> None:
        pass


@contextmanager
def serving(application: Callable[..., Any] | None) -> Iterator[WSGIServer]:
    """A web server on a free port of this machine, for as long as it is needed."""
    server = make_server("127.0.0.1", 0, application, _Server, _Silent)  # type: ignore[arg-type]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass(frozen=True)
class Counter:
    """The desk as it is served, and the console it is built for."""

    origin: str
    console_origin: str
    console: LyingConsole
    folder: Path
    digest: str

    def address(self, what: Any) -> str:
        """Where the console would send the browser for an order."""
        return f"{self.origin}/#{self.console.ticket(what)}"


@contextmanager
def open_counter(folder: Path, *, demo: bool) -> Iterator[Counter]:
    with serving(None) as console_server, serving(None) as desk_server:
        console_origin = f"http://127.0.0.1:{console_server.server_port}"
        origin = f"http://localhost:{desk_server.server_port}"
        desk = Desk(console_origin, origin, DEPLOYMENT, simulator() if demo else None)
        digest = build(desk, folder)
        console = LyingConsole(origin)
        console_server.set_app(console)
        desk_server.set_app(make_application(folder))
        yield Counter(origin, console_origin, console, folder, digest)


@pytest.fixture(scope="session")
def demo_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counter]:
    """A demo's desk, with simulated tokens."""
    with open_counter(tmp_path_factory.mktemp("demo") / "desk", demo=True) as counter:
        yield counter


@pytest.fixture(scope="session")
def real_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counter]:
    """A desk as production has it, without a simulator."""
    with open_counter(tmp_path_factory.mktemp("real") / "desk", demo=False) as counter:
        yield counter


@pytest.fixture(scope="session")
def browser(chromium: Browser) -> Browser:
    """Chromium."""
    return chromium


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(locale="en-GB", timezone_id="Europe/Amsterdam")
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page; its test fails on any error in it, and on any violation of its policy."""
    troubles: list[str] = []
    page = context.new_page()
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda line: troubles.append(line.text) if line.type == "error" else None)
    page.set_default_timeout(PATIENCE)
    yield page
    assert troubles == []
