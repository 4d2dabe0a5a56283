"""What people do at the desk, for tests that come there: read the sheet, press the button, choose a token."""

from playwright.sync_api import Locator, Page, expect


def the_button(page: Page) -> Locator:
    """The one button of the sheet."""
    return page.locator("form.signature button.sign")


def press(page: Page) -> None:
    """Press the one button."""
    the_button(page).click()


def choose_simulated(page: Page, person: str) -> None:
    """Choose whose simulated token signs, in the list that a demo's desk opens."""
    page.get_by_role("combobox").fill(person)
    page.get_by_role("option").filter(has=page.get_by_text(person, exact=True)).first.click()


def sign_as(page: Page, person: str) -> None:
    """Sign what lies on the desk with the simulated token of `person`."""
    press(page)
    choose_simulated(page, person)


def words_shown(page: Page) -> list[str]:
    """The eight words in the grid."""
    page.locator("ol.words").wait_for()
    return page.locator("ol.words li span").all_inner_texts()


def expect_refusal(page: Page, code: str) -> None:
    """The desk refuses, says why, and offers nothing to sign with."""
    expect(page.locator(".reference code")).to_contain_text(code)
    expect(page.locator("form.signature")).to_have_count(0)
