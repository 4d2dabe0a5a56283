"""The pictures of the documentation: the real pages, while people use a demo. script/pictures keeps them."""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.console.desk.hands import the_button
from tests.e2e import story
from tests.e2e.running import running_demo
from tests.e2e.visitor import PATIENCE, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.long, pytest.mark.timeout(1500)]

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
SIZE = {"width": 1280, "height": 900}
LARGEST = 250_000


def test_every_picture_of_the_readme_is_of_a_page_as_it_is(chromium, tmp_path):
    kept = Path(os.environ.get("QUORATE_PICTURES", tmp_path))
    with running_demo(tmp_path / "var") as demo:
        visitors: dict[str, Visitor] = {}

        def who(name: str) -> Visitor:
            if name not in visitors:
                visitors[name] = Visitor(chromium, demo.console, name)
                visitors[name].page.set_viewport_size(SIZE)
                visitors[name].sign_in()
            return visitors[name]

        story.make_a_key(who)
        _take_pictures(who, kept)

    taken = sorted(kept.glob("*.png"))
    assert {picture.name for picture in taken} == set(re.findall(r"docs/pictures/(\w+\.png)", README))
    for picture in taken:
        assert 10_000 < picture.stat().st_size < LARGEST, picture.name


def _take_pictures(who: story.Who, folder: Path) -> None:
    """Of a proposal that waits for Fay: its page, her desk, and then the zone and the provider's overview."""
    dina, fay = who("Dina"), who("Fay")
    dina.go("/propose/key.generate/v1")
    dina.choose_zone("Cards")
    dina.page.get_by_label("Label", exact=True).fill("archive-2027")
    dina.choose("Algorithm", "P-384")
    dina.page.get_by_label("sign", exact=True).check()
    proposal = story.review_and_propose(dina, reason="Statements are signed before they are archived.")
    who("Emil").approve(proposal)

    cleo = who("Cleo")
    cleo.go("/")
    expect(cleo.page.get_by_text("archive-2027")).to_be_visible(timeout=PATIENCE)
    _take(cleo.page, folder / "overview.png")
    fay.go(proposal)
    expect(fay.page.locator(".seat.taken")).to_have_count(1, timeout=PATIENCE)
    _take(fay.page, folder / "proposal.png")
    fay.page.locator("#go-approve").click()
    expect(the_button(fay.page)).to_be_visible(timeout=PATIENCE)
    _take(fay.page, folder / "desk.png")
    fay.sign_at_the_desk()
    fay.expect_done(proposal)
    fay.go("/zones")
    fay.page.get_by_role("link", name="Cards", exact=True).first.click()
    expect(fay.page.get_by_role("link", name="archive-2027", exact=True)).to_be_visible(timeout=PATIENCE)
    _take(fay.page, folder / "zone.png")


def _take(page: Page, file: Path) -> None:
    page.wait_for_load_state("load")
    page.evaluate("document.fonts.ready")
    page.evaluate("scrollTo(0, 0)")
    page.screenshot(path=file, animations="disabled")
