"""Every page in a real browser: no accessibility finding, no break of the CSP, nothing wider than the screen.

With QUORATE_SHOTS=<folder> a picture of each is kept there, in light and dark, wide and narrow.
"""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.console.pages.browsing import cookies_of
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
WIDE, NARROW = (1440, 960), (390, 844)
LOOKS = [(WIDE, "light"), (NARROW, "dark")] + ([(WIDE, "dark"), (NARROW, "light")] if SHOTS else [])


def _open(browser: Browser, screen: Screen, cookies, address: str, size, look: str) -> tuple[Page, list[str]]:
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme=look, reduced_motion="reduce"
    )
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
    return [
        f"{one['id']}: {node['target']} {node['failureSummary'][:300]}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


def test_every_page_is_accessible_and_keeps_to_its_screen(stage, live_server, browser, settings):
    settings.ALLOWED_HOSTS = ["*"]
    settings.NODE_LATE_SECONDS = settings.NODE_OFFLINE_SECONDS = 3600
    problems = []
    for screen in screens(stage):
        if ONLY and screen.name not in ONLY:
            continue
        cookies = cookies_of(stage, screen.member, live_server.url)
        for size, look in LOOKS:
            page, said = _open(browser, screen, cookies, live_server.url, size, look)
            where = f"{screen.name} {size[0]} {look}"
            if SHOTS:
                page.screenshot(path=f"{SHOTS}/{screen.name}-{size[0]}-{look}.png", full_page=True)
            problems += [f"{where}: {one}" for one in _findings(page)]
            problems += [f"{where}: {one}" for one in said if str(screen.status) not in one]
            wider = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            if wider > 0:
                problems.append(f"{where}: {wider} px too wide")
            page.context.close()
    print("\n".join(problems))
    assert not problems
