"""What the pages do under somebody's hands: keyboard, live updates, forms that keep what was typed."""

from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from console.models import BrowserSession
from hsmnodes.node.protocol.words import word_list
from tenants import clock
from tests.cast.people import DINA, EMIL, FAY, GUS
from tests.console.pages.browsing import cookies_of

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.django_db(transaction=True),
]

BROKEN = """(words) => [...document.querySelectorAll(".words li")].flatMap((one) => words.filter((word) => {
  one.textContent = word;
  const written = document.createRange();
  written.selectNodeContents(one);
  return written.getClientRects().length > 1;
}))"""


@pytest.fixture
def open_page(stage, live_server, browser, settings):
    settings.ALLOWED_HOSTS = ["*"]
    settings.NODE_LATE_SECONDS = settings.NODE_OFFLINE_SECONDS = 3600
    contexts = []

    def opened(member, path):
        context = browser.new_context(reduced_motion="reduce")
        context.set_default_timeout(20_000)
        context.add_cookies(cookies_of(stage, member, live_server.url))
        contexts.append(context)
        page = context.new_page()
        page.goto(live_server.url + path)
        return page

    yield opened
    for context in contexts:
        context.close()


def test_a_signature_appears_without_reload_and_leaves_the_focus(stage, open_page):
    proposal = stage.proposals["waiting"]
    page = open_page(FAY, f"/proposals/{proposal.pk}")
    page.evaluate("window.untouched = true")
    page.locator("#go-reject").focus()
    expect(page.get_by_text("1 of 2 signed")).to_be_visible()
    stage.world.approve(proposal, FAY)
    expect(page.get_by_text("2 of 2 signed")).to_be_visible(timeout=20_000)
    assert page.evaluate("window.untouched")


def test_a_group_that_rules_can_ask_for_keeps_them_on_a_narrow_screen(stage, open_page):
    page = open_page(GUS, f"/charters/{stage.charters['meridian'].pk}/amend")
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_role("button", name="Add a group").click()
    page.get_by_label("Name", exact=True).fill("release-board-of-the-payments-department")
    page.get_by_label("Name", exact=True).blur()
    asked = page.locator("select[data-holders]").first
    expect(asked.locator("option", has_text="release-board-of-the-payments-department")).to_have_count(1)
    asked.select_option("group:release-board-of-the-payments-department")
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_the_palette_leads_to_a_form_by_keyboard_alone(open_page):
    page = open_page(DINA, "/")
    page.keyboard.press("Control+k")
    page.keyboard.type("generate")
    expect(page.get_by_role("option", name="Generate keys")).to_be_visible()
    page.keyboard.press("Enter")
    page.wait_for_url("**/propose/key.generate/v1")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()


def test_a_form_grows_by_keys_and_shows_what_fits_them(open_page, stage):
    page = open_page(DINA, f"/propose/key.generate/v1?zone={stage.zones['Cards'].pk}")
    page.get_by_role("button", name="Add another key").click()
    second = page.locator("[data-row]").nth(1)
    second.get_by_label("Label").fill("second")
    second.get_by_label("Algorithm").select_option("aes-256")
    expect(second.get_by_label("encrypt", exact=True)).to_be_visible()
    expect(second.get_by_label("sign", exact=True)).to_be_hidden()
    expect(page.locator("[name=keys-total]")).to_have_value("2")


def test_what_was_typed_survives_a_wrong_turn_and_the_way_back(open_page, stage):
    page = open_page(DINA, f"/propose/key.generate/v1?zone={stage.zones['Cards'].pk}")
    page.get_by_label("Label").fill("survivor")
    page.get_by_label("Reason").fill("It is needed.")
    page.get_by_role("button", name="Add another key").click()
    page.get_by_role("link", name="Overview").click()
    page.go_back()
    expect(page.locator("[name=keys-0-label]")).to_have_value("survivor")
    expect(page.get_by_label("Reason")).to_have_value("It is needed.")
    expect(page.locator("[data-row]")).to_have_count(2)


def test_what_was_typed_comes_back_when_the_session_ended(open_page, stage, live_server, settings):
    settings.CONSOLE_ORIGIN = live_server.url
    page = open_page(DINA, f"/propose/key.generate/v1?zone={stage.zones['Cards'].pk}")
    page.get_by_label("Label").fill("survivor")
    page.get_by_label("Reason").fill("It is needed.")
    BrowserSession.objects.update(ended_at=clock.now())
    page.get_by_role("button", name="Review").click()
    page.wait_for_url("**/sign-in?next=*")
    [back] = parse_qs(urlsplit(page.url).query)["next"]
    page.context.add_cookies(cookies_of(stage, DINA, live_server.url))
    page.goto(live_server.url + back)
    expect(page.locator("[name=keys-0-label]")).to_have_value("survivor")
    expect(page.get_by_label("Reason")).to_have_value("It is needed.")


def test_dark_and_light_are_remembered(open_page):
    page = open_page(EMIL, "/settings")
    page.locator("[data-theme-switch]").click()
    chosen = page.evaluate("document.documentElement.dataset.theme")
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == chosen


def test_times_are_shown_in_the_reader_s_own_terms(open_page):
    page = open_page(EMIL, "/proposals?view=all")
    expect(page.locator("time[data-as=ago]").first).not_to_contain_text("UTC")
    assert "Z" in page.locator("time").first.get_attribute("title")


def test_the_navigation_opens_on_a_narrow_screen(open_page):
    page = open_page(EMIL, "/")
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_role("button", name="Open navigation").click()
    page.get_by_role("link", name="Trust Zones").click()
    page.wait_for_url("**/zones")


def test_the_longest_words_of_a_fingerprint_stay_whole_on_every_screen(open_page, stage):
    """People read them to each other."""
    page = open_page(FAY, f"/proposals/{stage.proposals['waiting'].pk}")
    longest = [word for word in word_list() if len(word) == 8]
    assert page.locator(".words li").count() == 8
    for width in (390, 640, 760, 1024, 1280, 1440, 1920):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(BROKEN, longest) == [], width


@pytest.mark.parametrize("time", ["first", "again"])
def test_a_page_may_go_away_while_it_is_asking(open_page, time):
    """Its requests end before the tables are emptied, else this test fails as it ends, or the next."""
    page = open_page(FAY, "/")
    page.evaluate("() => { for (let one = 0; one < 30; one++) fetch(`/people?one=${one}`) }")
    page.wait_for_timeout(100)


def test_a_page_may_ask_while_the_test_itself_writes(open_page, stage, live_server):
    """They take turns: in SQLite in memory nobody waits, and either would find a table locked."""
    page = open_page(FAY, "/")
    page.evaluate("""() => {
      window.told = [];
      for (let one = 0; one < 30; one++) fetch(`/people?one=${one}`).then(({ status }) => told.push(status));
    }""")
    for _ in range(200):
        cookies_of(stage, EMIL, live_server.url)
    page.wait_for_function("told.length === 30")
    assert set(page.evaluate("told")) == {200}
