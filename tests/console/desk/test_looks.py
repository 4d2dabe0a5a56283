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


def without_prf(page, counter) -> None:
    """Dina asks for a share key with a token that cannot compute one."""
    document = papers.share_key_request(desk=counter.origin)
    page.goto(counter.address(order("share-key", document, credentials=[document["credential_id"]])))
    press(page)
    page.get_by_label("cannot compute share keys").check()
    page.get_by_role("combobox").fill("Dina")
    page.get_by_role("option").first.click()
    expect(page.locator(".choices")).to_be_visible()


def passphrase(page) -> None:
    page.get_by_role("button", name="Keep it in a file").click()
    page.get_by_role("button", name="Draw six words").click()
    page.get_by_role("button", name="Make the file").click()
    expect(page.locator(".state.problem")).to_be_visible()


def file_to_open(page) -> None:
    page.get_by_role("button", name="Keep it in a file").click()
    for label in ("Passphrase", "The same again"):
        page.get_by_label(label).fill(STRONG)
    page.get_by_role("button", name="Make the file").click()
    expect(page.get_by_label("Its passphrase")).to_be_visible()


def sheet(page) -> None:
    page.get_by_role("button", name="Print it on a sheet").click()
    expect(page.locator(".paper svg")).to_be_visible()


def sheet_to_type(page) -> None:
    sheet(page)
    lines = [" ".join(one.locator("span").all_inner_texts()) for one in page.locator(".paper li").all()]
    page.get_by_role("button", name="I have it on paper").click()
    for number, line in enumerate([lines[0], "abanbon abandon zoo zoo", "zoo zoo"], start=1):
        page.get_by_label(f"Line {number}", exact=True).fill(line)
    page.get_by_role("button", name="Check the sheet").click()
    expect(page.locator(".state.problem")).to_be_visible()


def certificate(page) -> None:
    sheet(page)
    lines = [" ".join(one.locator("span").all_inner_texts()) for one in page.locator(".paper li").all()]
    page.get_by_role("button", name="I have it on paper").click()
    for number, line in enumerate(lines, start=1):
        page.get_by_label(f"Line {number}", exact=True).fill(line)
    page.get_by_role("button", name="Check the sheet").click()
    expect(page.get_by_role("button", name="Certify")).to_be_visible()


STRONG = "six words that nobody else has drawn"
STEPS = {
    "which form": lambda page: None,
    "a passphrase": passphrase,
    "the file": file_to_open,
    "the sheet": sheet,
    "the sheet typed back": sheet_to_type,
    "the certificate": certificate,
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}px")
@pytest.mark.parametrize("step", STEPS)
def test_a_share_key_in_another_form_is_accessible_and_fits(page, demo_desk, step, size, scheme):
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    without_prf(page, demo_desk)
    STEPS[step](page)
    assert problems(page) == []
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


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
