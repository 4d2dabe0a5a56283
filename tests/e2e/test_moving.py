"""A zone on two HSMs, end to end, in real browsers: extended, used on both, withdrawn from the first."""

import re

import pytest
from playwright.sync_api import expect

from hsmnodes.node.agent.config import Config
from tests.e2e import application, story
from tests.e2e.running import running_demo
from tests.e2e.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(900)]

FOUNDERS = ("Dina", "Emil", "Fay")
BOTH_SIDES = ("Ada", "Ben", "Dina", "Emil")


def test_a_key_made_on_one_hsm_signs_on_another_when_the_first_has_none_of_it_any_more(chromium, tmp_path):
    state = tmp_path / "var"
    with running_demo(state) as demo:
        visitors: dict[str, Visitor] = {}

        def who(name: str) -> Visitor:
            if name not in visitors:
                visitors[name] = Visitor(chromium, demo.console, name)
                visitors[name].sign_in()
            return visitors[name]

        story.start_service(who, name="Payments HSM", customer="Meridian", node="ams-1", others=("fra-1",))
        charter = story.draft_zone(who, service="Payments HSM", name="Cards", founders=FOUNDERS)
        story.found_zone(who, charter)
        story.create_slot(who, zone="Cards", slot="Slot 1", node="ams-1")
        before = key_of(who, story.generate_key(who, zone="Cards", label="payments-2027", node="ams-1"))

        extend(who)
        both = story.generate_key(who, zone="Cards", label="payments-2028", node="ams-1")
        expect(who("Fay").page.get_by_text("2 of 2 steps are done")).to_be_visible()
        after = key_of(who, both)
        expect(who("Fay").page.locator("dl.facts").first).to_contain_text("fra-1")

        withdraw(who)
        who("Fay").go(f"/keys/{before[0]}")
        where = who("Fay").page.locator("dl.facts").first
        expect(where).to_contain_text("fra-1")
        expect(where).not_to_contain_text("ams-1")
        for visitor in visitors.values():
            visitor.close()

    assert list((state / "nodes" / "ams-1" / "zones").glob("*")) == []
    config = Config.load(state / "nodes" / "fra-1" / "node.toml")
    (zone,) = [folder.name for folder in (config.state / "zones").iterdir()]
    for key_id, pem in (before, after):
        application.prove_signing(config, zone, key_id, pem, tmp_path)


def key_of(who, proposal: str) -> tuple[str, bytes]:
    """The id of the one key that a proposal made, and its public half as the console shows it to Fay."""
    fay = who("Fay")
    fay.go(proposal)
    fay.page.get_by_role("link", name=re.compile("^payments-")).first.click()
    fay.page.wait_for_url(re.compile("/keys/"))
    return fay.page.url.rpartition("/")[2], fay.page.request.get(f"{fay.page.url}/public.pem").body()


def extend(who) -> str:
    """Cleo proposes to extend the zone from ams-1 to fra-1; both sides sign."""
    cleo = who("Cleo")
    cleo.go("/propose/zone.extend/v1")
    cleo.page.get_by_label("Slot", exact=True).fill("Cards in Frankfurt")
    cleo.choose("To node", "fra-1")
    cleo.choose("From node", "ams-1")
    return story.review_and_collect(cleo, who, BOTH_SIDES, reason="A second data centre.")


def withdraw(who) -> str:
    """Cleo proposes to withdraw the zone from ams-1; both sides sign."""
    cleo = who("Cleo")
    cleo.go("/propose/zone.withdraw/v1")
    cleo.choose("From node", "ams-1")
    cleo.choose("Stays on node", "fra-1")
    return story.review_and_collect(cleo, who, BOTH_SIDES, reason="Amsterdam is given up.")
