"""Every page in a real browser: no accessibility finding, no break of the CSP, nothing wider than the screen,
nothing that can be pressed under something else.

With QUORATE_SHOTS=<folder> a picture of each is kept there, in light and dark, wide and narrow.
"""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.console.pages.browsing import cookies_of, covered
from tests.console.pages.screens import Screen, screens

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.django_db(transaction=True),
]

AXE = (Path(__file__).parents[1] / "axe" / "axe.min.js").read_text()
SHOTS = os.environ.get("QUORATE_SHOTS")
ONLY = os.environ.get("QUORATE_SCREENS", "").split()
PARTS = 8  # that several processes of a test run share
WIDE, NARROW = (1440, 960), (390, 844)
LOOKS = [(WIDE, "light"), (NARROW, "dark")] + ([(WIDE, "dark"), (NARROW, "light")] if SHOTS else [])


def _looking(browser: Browser, size: tuple[int, int], look: str) -> BrowserContext:
    """A browser with one look, whose cache serves all pages that are opened in it."""
    return browser.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme=look, reduced_motion="reduce"
    )


def _open(context: BrowserContext, screen: Screen, cookies, address: str) -> tuple[Page, list[str]]:
    context.clear_cookies()
    context.add_cookies(cookies)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    answer = page.goto(address + screen.path, wait_until="load")
    assert answer.status == screen.status, screen.name
    page.wait_for_timeout(150)
    return page, said


def _findings(page: Page) -> list[str]:
    page.evaluate(AXE)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    wider = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return [
        f"{one['id']}: {node['target']} {node['failureSummary'][:300]}"
        for one in found["violations"]
        for node in one["nodes"]
    ] + ([f"{wider} px too wide"] if wider > 0 else [])


@pytest.mark.parametrize("part", range(PARTS))
def test_every_page_is_accessible_and_keeps_to_its_screen(part, stage, live_server, browser, settings):
    settings.ALLOWED_HOSTS = ["*"]
    settings.NODE_LATE_SECONDS = settings.NODE_OFFLINE_SECONDS = 3600
    wanted = [screen for screen in list(screens(stage))[part::PARTS] if not ONLY or screen.name in ONLY]
    problems = []
    for size, look in LOOKS:
        with _looking(browser, size, look) as context:
            for screen in wanted:
                where = f"{screen.name} {size[0]} {look}"
                cookies = cookies_of(stage, screen.member, live_server.url)
                page, said = _open(context, screen, cookies, live_server.url)
                if SHOTS:
                    page.screenshot(path=f"{SHOTS}/{screen.name}-{size[0]}-{look}.png", full_page=True)
                said = [one for one in said if str(screen.status) not in one]
                problems += [f"{where}: {one}" for one in (*_findings(page), *said, *covered(page))]
                page.close()
    print("\n".join(problems))
    assert not problems
