"""The main job, end to end, in real browsers on a real PKCS#11 HSM."""

import pytest

from hsmnodes.node.agent.config import Config
from tests.e2e import application, story
from tests.e2e.running import running_demo
from tests.e2e.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]


def test_several_people_make_a_key_in_an_hsm_and_its_signature_verifies(chromium, tmp_path):
    state = tmp_path / "var"
    with running_demo(state) as demo:
        visitors: dict[str, Visitor] = {}

        def who(name: str) -> Visitor:
            if name not in visitors:
                visitors[name] = Visitor(chromium, demo.console, name)
                visitors[name].sign_in()
            return visitors[name]

        key_id, pem = story.make_a_key(who)
        for visitor in visitors.values():
            visitor.close()

    config = Config.load(state / "nodes" / "ams-1" / "node.toml")
    (zone,) = [folder.name for folder in (config.state / "zones").iterdir()]
    application.prove_signing(config, zone, key_id, pem, tmp_path)
