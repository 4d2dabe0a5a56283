"""Every page of the desk: axe finds nothing, it fits 390 pixels, in light and dark."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.console.desk import papers
from tests.console.desk.cast import named
from tests.console.desk.hands import press
from tests.console.desk.lying_console import order

pytestmark = pytest.mark.browser

AXE = (Path(__file__).parents[1] / "axe" / "axe.min.js").read_text("utf-8")
SIZES = [(1280, 900), (390, 844)]


def sign_in(counter):
    return order("sign-in", papers.sign_in(console=counter.console_origin, desk=counter.origin))


PAGES = {
    "nothing to sign": (lambda _: None, "h1"),
    "sign in": (sign_in, "form.signature"),
    "whose token": (sign_in, "dialog"),
    "approve": (lambda _: order("approve", papers.proposal()), "form.signature"),
    "reject": (lambda _: order("reject", papers.proposal(), person=named("Emil")), "form.signature"),
    "enrol": (lambda counter: order("enrol", papers.enrolment(desk=counter.origin)), "form.signature"),
    "found": (lambda counter: order("found", papers.charter(desk=counter.origin)), "form.signature"),
    "refused": (lambda _: order("approve", papers.proposal(colour="red")), ".card.alarm"),
}


def problems(page) -> list[str]:
    page.evaluate(AXE)
    found = page.evaluate("async () => (await axe.run()).violations")
    return [f"{one['id']}: {node['html'][:120]}" for one in found for node in one["nodes"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}px")
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_accessible_and_fits(page, demo_desk, name, size, scheme):
    what, waits_for = PAGES[name]
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    made = what(demo_desk)
    page.goto(demo_desk.address(made) if made else f"{demo_desk.origin}/")
    if waits_for == "dialog":
        press(page)
    expect(page.locator(waits_for)).to_be_visible()
    assert problems(page) == []
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
