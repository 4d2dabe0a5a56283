"""`quorate-node` on a terminal, with SoftHSM2."""

import stat

import pytest

from hsmnodes.node.agent.cli import main
from hsmnodes.node.agent.commands.init import fingerprint
from hsmnodes.node.agent.config import Config
from hsmnodes.node.agent.running import alone
from hsmnodes.node.protocol import canonical
from tests.cast.charters import DEPLOYMENT
from tests.cast.deployment import NodeOfCast
from tests.cast.people import CLEO, IVO
from tests.cast.signing import cancel
from tests.hsmnodes.node.agent.making import carrying, charters
from tests.hsmnodes.node.agent.test_refusals import cancelling, proposed


@pytest.fixture
def file(tmp_path, cast, capsys):
    """The configuration of a node that was made on this terminal; what it showed is in `shown`."""
    words = ["--state", str(tmp_path / "state"), "--deployment", DEPLOYMENT, "--demo", "--name", "ams-1"]
    words += ["--provider-founding", cast.northgate.anchor, "--broker", f"sqla+sqlite:///{tmp_path}/broker"]
    assert main(["init", "--config", str(tmp_path / "node.toml"), *words]) == 0
    return tmp_path / "node.toml"


def node_of(file, text) -> NodeOfCast:
    [line] = [line for line in text.splitlines() if line.startswith("Identity key")]
    return NodeOfCast(Config.load(file).node, canonical.b64u_decode(line.split()[-1]))


def accept(file, message) -> int:
    path = file.parent / "message.json"
    path.write_text(message.text())
    return main(["accept", "--config", str(file), str(path)])


def test_a_node_is_made_enrolled_and_asked(file, cast, capsys):
    made = capsys.readouterr().out
    node = node_of(file, made)
    assert " ".join(fingerprint(canonical.sha256_hex(node.identity))) in made

    assert main(["init", "--config", str(file)]) == 0  # again: it only shows itself
    assert capsys.readouterr().out == made

    assert accept(file, carrying(cast.start_service(node), cast.northgate, cast.meridian)) == 2
    assert "not enrolled" in capsys.readouterr().out
    enrolment = cast.enrol(node)
    assert accept(file, carrying(enrolment, cast.northgate)) == 0
    assert "node.enrol/v1: done" in capsys.readouterr().out
    assert accept(file, carrying(enrolment)) == 0

    service = cast.start_service(node)
    assert accept(file, cancelling(service, cancel(proposed(service), IVO, at=cast.now))) == 2
    assert "not-a-cancellation" in capsys.readouterr().err
    assert accept(file, cancelling(service, cancel(proposed(service), CLEO, at=cast.now))) == 0
    assert accept(file, charters(cast.northgate)) == 0
    capsys.readouterr()
    assert accept(file, carrying(service, cast.meridian)) == 2
    assert "cancelled" in capsys.readouterr().out

    assert main(["status", "--config", str(file)]) == 0
    text = capsys.readouterr().out
    assert "Enrolled:     yes" in text
    assert "provider Northgate, version 1" in text
    assert "Cluster:\n  none" in text
    assert main(["verify-journal", "--config", str(file)]) == 0
    assert "5 entries, 1 receipts" in capsys.readouterr().out


def test_secrets_are_for_the_owner_alone(file):
    state = Config.load(file).state
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    for secret in (file, state / "agent.pin", state / "agent.so-pin"):
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    pins = [(state / name).read_text() for name in ("agent.pin", "agent.so-pin")]
    assert len({*pins}) == 2
    assert all(len(pin) == 48 for pin in pins)


def test_two_agents_do_not_share_a_state_directory(file, capsys):
    with alone(Config.load(file)):
        assert main(["run", "--config", str(file)]) == 1
    assert "running already" in capsys.readouterr().err


def test_a_journal_of_another_node_is_not_taken(file, capsys):
    file.write_text(file.read_text().replace('name = "ams-1"', 'name = "ams-2"'))
    for command in ("status", "verify-journal", "run"):
        assert main([command, "--config", str(file)]) == 1
        assert "another node" in capsys.readouterr().err


def test_what_is_missing_is_said(tmp_path, capsys):
    assert main(["init", "--state", str(tmp_path / "state")]) == 1
    assert "--provider-founding" in capsys.readouterr().err
    assert main(["status", "--config", str(tmp_path / "none.toml")]) == 1
    assert "Cannot read" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("demo = true", 'demo = "true"', "demo"),
        ("heartbeat_seconds = 5", "heartbeat_seconds = 0", "heartbeat_seconds"),
        ("slots = 20", "slots = 20\nextra = 1", "extra"),
        ('profile = "softhsm2"', 'profile = "../x"', "pkcs11.profile"),
        ("[node]", "[node", "TOML"),
    ],
)
def test_a_configuration_is_read_strictly(file, capsys, old, new, said):
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    assert main(["status", "--config", str(file)]) == 1
    assert said in capsys.readouterr().err
