"""The main job, end to end, in real browsers on a real PKCS#11 HSM."""

import re

import pytest
from cryptography.exceptions import InvalidSignature
from playwright.sync_api import expect

from hsmnodes.node.agent.config import Config
from tests.e2e import application, story
from tests.e2e.running import running_demo
from tests.e2e.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]

MESSAGE = b"Pay 100 EUR to Hana."


def test_several_people_make_a_key_in_an_hsm_and_its_signature_verifies(chromium, tmp_path):
    state = tmp_path / "var"
    with running_demo(state) as demo:
        visitors: dict[str, Visitor] = {}

        def who(name: str) -> Visitor:
            if name not in visitors:
                visitors[name] = Visitor(chromium, demo.console, name)
                visitors[name].sign_in()
            return visitors[name]

        story.start_service(who, name="Payments HSM", customer="Meridian", node="ams-1")
        charter = story.draft_zone(
            who, service="Payments HSM", name="Cards", founders=("Dina", "Emil", "Fay")
        )
        story.found_zone(who, charter)
        story.create_slot(who, zone="Cards", slot="Slot 1", node="ams-1")
        proposal = story.generate_key(who, zone="Cards", label="payments-2027", node="ams-1")

        fay = who("Fay")
        fay.go(proposal)
        fay.page.get_by_role("link", name="payments-2027", exact=True).click()
        fay.page.wait_for_url(re.compile("/keys/"))
        expect(fay.page.get_by_role("heading", level=1)).to_contain_text("payments-2027")
        key_id = fay.page.url.rpartition("/")[2]
        pem = fay.page.request.get(f"{fay.page.url}/public.pem").body()
        for visitor in visitors.values():
            visitor.close()

    config = Config.load(state / "nodes" / "ams-1" / "node.toml")
    (zone,) = [folder.name for folder in (config.state / "zones").iterdir()]
    signature = application.sign(config, zone, key_id, MESSAGE, tmp_path)
    application.verify(pem, signature, MESSAGE)
    with pytest.raises(InvalidSignature):
        application.verify(pem, signature, MESSAGE + b"!")
