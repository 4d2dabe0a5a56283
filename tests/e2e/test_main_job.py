"""The main job, end to end, in real browsers on a real PKCS#11 HSM."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from hsmnodes.node.agent.config import Config
from tests.e2e import application, statements, story
from tests.e2e.running import running_demo
from tests.e2e.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]


def test_several_people_make_a_key_in_an_hsm_and_its_signature_verifies(chromium, tmp_path):
    """Both sides then sign who may do what, and are told when an amendment departs from it."""
    state = tmp_path / "var"
    with running_demo(state) as demo:
        visitors: dict[str, Visitor] = {}

        def who(name: str) -> Visitor:
            if name not in visitors:
                visitors[name] = Visitor(chromium, demo.console, name)
                visitors[name].sign_in()
            return visitors[name]

        key_id, pem = story.make_a_key(who)
        agree_on_duties_and_depart_from_it(who, tmp_path)
        for visitor in visitors.values():
            visitor.close()

    config = Config.load(state / "nodes" / "ams-1" / "node.toml")
    (zone,) = [folder.name for folder in (config.state / "zones").iterdir()]
    application.prove_signing(config, zone, key_id, pem, tmp_path)


def agree_on_duties_and_depart_from_it(who: story.Who, folder: Path) -> None:
    """A statement is drawn up, signed by both sides, holds, and is broken by an amendment of a zone."""
    statement = statements.agree(who, service="Payments HSM")
    assert statements.holds(who("Gus"), service="Payments HSM")
    assert statements.verified(who("Gus"), statement, folder) == 0
    statements.ask_for_more(who, zone="Cards", m=3)
    gus = who("Gus")
    assert not statements.holds(gus, service="Payments HSM")
    said = "“Destroy keys” takes 3 key managers now; the statement says 2 key managers."
    expect(gus.page.get_by_role("region", name="What differs")).to_contain_text(said)
    gus.go("/")
    expect(gus.page.get_by_text(said)).to_be_visible()
    assert statements.verified(gus, statement, folder) == 2
