"""Custody, end to end, in real browsers: share keys, a split by the HSM, a drill that rebuilds the key."""

import json

import pytest
from playwright.sync_api import expect

from tests.e2e import custody, story
from tests.e2e.running import running_demo
from tests.e2e.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(900)]

FOUNDERS = ("Dina", "Emil", "Fay")


def test_custodians_prove_in_a_drill_that_their_shares_rebuild_the_backup_key(chromium, tmp_path):
    with running_demo(tmp_path / "var") as demo:
        visitors: dict[str, Visitor] = {}

        def who(name: str) -> Visitor:
            if name not in visitors:
                visitors[name] = Visitor(chromium, demo.console, name)
                visitors[name].sign_in()
            return visitors[name]

        for founder in FOUNDERS:
            custody.make_share_key(who(founder))
        story.start_service(who, name="Payments HSM", customer="Meridian", node="ams-1")
        charter = custody.draft_zone_of_custodians(
            who, service="Payments HSM", name="Cards", founders=FOUNDERS
        )
        story.found_zone(who, charter)
        story.create_slot(who, zone="Cards", slot="Slot 1", node="ams-1")
        custody.split_backup_key(who, zone="Cards", custodians=FOUNDERS, threshold=2)
        ceremony = custody.call_drill(who, zone="Cards", shares=2)

        custody.give_share(who("Dina"), ceremony)
        custody.give_share(who("Emil"), ceremony)
        expect(who("Emil").page.locator(".docket .badge").first).to_have_text("Done", timeout=60_000)
        expect(who("Emil").page.get_by_text("2 of 2 in")).to_be_visible()
        transcript = who("Fay").page.request.get(f"{demo.console}{ceremony}/transcript.json").body()
        for visitor in visitors.values():
            visitor.close()
    assert len(json.loads(transcript)["contributions"]) == 2
