"""The example of docs/api.md does what it says, against a console that really listens."""

import re
import runpy
import sys
from pathlib import Path

import pytest

from tenants import programs
from tenants.models import Proposal
from tests.cast.people import DINA, GUS
from tests.world.world import World

EXAMPLE = Path(__file__).parents[3] / "docs" / "examples" / "propose.py"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """Runs the example with arguments, in a folder of its own; returns what it printed."""
    monkeypatch.chdir(tmp_path)

    def running(*arguments):
        monkeypatch.setattr(sys, "argv", ["propose.py", *arguments])
        runpy.run_path(str(EXAMPLE), run_name="__main__")
        return capsys.readouterr().out

    return running


def test_the_example_drafts_a_key_that_dina_can_propose(live_server, no_broker, settings, run):
    settings.DEMO = True
    settings.CONSOLE_ORIGIN = live_server.url
    world = World()
    node = world.node()
    world.ready_zone(node)

    public_key = re.search(r"Public key: ([\w-]{43})", run("new-key"))[1]
    program = programs.register_program(name="Rotation", public_key=public_key, by=world.person(GUS))
    arguments = [
        "draft",
        *("--console", live_server.url),
        *("--program", program.id),
        *("--requester", DINA.id),
        *("--zone", "Payments"),
        *("--label", "card-signing-2027"),
    ]
    printed = run(*arguments)

    draft = Proposal.objects.get(program=program)
    assert draft.id in printed
    assert draft.sentence in printed
    assert (draft.state, draft.requester_id, draft.operation) == ("draft", DINA.id, "key.generate/v1")

    assert draft.id in run(*arguments)
    assert Proposal.objects.filter(program=program).count() == 1

    programs.revoke_program(program=program, by=world.person(GUS))
    with pytest.raises(SystemExit, match="bad-signature"):
        run(*arguments)
