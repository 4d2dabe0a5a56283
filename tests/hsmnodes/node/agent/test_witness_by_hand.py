"""Witnesses while console and broker are away: a question is carried to a peer, its answer back, as files."""

import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

from hsmnodes.node.agent.app import Console
from hsmnodes.node.agent.cli import main
from hsmnodes.node.agent.handed_over import take_in
from hsmnodes.node.agent.messages import WitnessMessage, read_to_node
from hsmnodes.node.agent.running import alone
from hsmnodes.node.protocol import canonical
from tests.hsmnodes.node.agent.making import Cluster, Site, wait_until
from tests.hsmnodes.node.agent.test_restored import restore, snapshot


class NoConsole(Console):
    """A node's way to a console that is away."""

    def __init__(self, site: Site) -> None:
        super().__init__(None, site.node)

    def _send(self, one) -> None:
        """It goes nowhere."""


@contextmanager
def running(site: Site):
    """What the agent does beside its queue, while nobody can be told."""
    console, ended = NoConsole(site), threading.Event()
    console.beat()

    def pulse():
        while not ended.wait(0.05):
            site.node.advance()
            console.forget_question()
            list(take_in(site.config, site.node))

    thread = threading.Thread(target=pulse)
    with alone(site.config):
        thread.start()
        try:
            yield site
        finally:
            ended.set()
            thread.join()


def file_of(site: Site) -> Path:
    """Its configuration: without the endpoint, whose folder is too far down here for sockets."""
    return site.config.state.parent / f"{site.config.node.name}.toml"


@pytest.fixture
def cluster(make_site, zone, cast) -> Cluster:
    """Two nodes, the first with a zone and restarted."""
    cluster = Cluster([make_site(name=name) for name in ("ams-1", "fra-1")])
    first = cluster.sites[0]
    assert first.send(cast.start_service(first.at), cast.northgate, cast.meridian).outcome == "done"
    assert first.send(cast.create_slot(first.at, zone), zone).outcome == "done"
    cluster.beat()
    for site in cluster.sites:
        site.config.model_copy(update={"endpoint": None}).save(file_of(site))
    return cluster


@pytest.fixture
def run(capsys):
    """Runs the command on a node; the exit status, and what it said."""

    def run(site, *words):
        status = main(["witness", "--config", str(file_of(site)), *map(str, words)])
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


def test_a_question_and_an_answer_that_people_carry_let_it_serve_without_console_and_broker(
    cluster, run, tmp_path, capsys
):
    first, peer = cluster.sites
    question, answer = tmp_path / "question", tmp_path / "answer"
    first.start()
    with running(first):
        status, asked, _ = run(first, "ask")
        assert status == 0
        question.write_text(asked)
        assert main(["status", "--config", str(file_of(first))]) == 0
        assert "quorate-node witness" in capsys.readouterr().out
        with running(peer):
            _, said, _ = run(peer, "answer", question)
        answer.write_text(said)
        assert first.state == "starting"
        assert run(first, "take", answer)[0] == 0
        wait_until(lambda: first.state == "ready")
        assert "asks nothing" in run(first, "ask")[2]


def test_an_answer_by_hand_stops_a_node_that_was_rewound_as_any_other_does(
    cluster, run, tmp_path, cast, zone
):
    first, peer = cluster.sites
    snapshot(first, tmp_path / "snapshot")
    cluster.beat()
    assert first.send(cast.generate_keys(first.at, zone)).outcome == "done"
    cluster.beat()
    restore(first, tmp_path / "snapshot")
    assert first.state == "starting"
    with running(first):
        file = tmp_path / "carried"
        file.write_text(run(first, "ask")[1])
        with running(peer):
            said = run(peer, "answer", file)[1]
        file.write_text(said)
        run(first, "take", file)
        wait_until(lambda: first.state == "refusing")


def test_what_was_carried_is_believed_no_more_than_what_came_by_the_broker(cluster, run, tmp_path):
    first, peer = cluster.sites
    file = tmp_path / "carried"
    first.start()
    with running(first):
        question = run(first, "ask")[1]
        file.write_text(question)
        assert "another message" in run(first, "take", file)[2]
        file.write_text("{}")
        for what in ("answer", "take"):
            assert run(first, what, file)[0] == 1
        file.write_text(question)
        with running(peer):
            said = run(peer, "answer", file)[1]
        envelope = read_to_node(said.strip()).envelope
        other = canonical.b64u(envelope.payload_bytes.replace(b'"sequence":', b'"sequence":1'))
        forged = envelope.model_copy(update={"payload": other})
        file.write_text(WitnessMessage(envelope=forged).text())
        assert run(first, "take", file)[0] == 2
        assert first.state == "starting"
    first.start()
    with running(first):
        file.write_text(said)
        status, _, err = run(first, "take", file)
        assert (status, "other-question" in err) == (2, True)
        assert first.state == "starting"


def test_a_node_that_does_not_run_asks_and_takes_nothing(cluster, run, tmp_path):
    first, peer = cluster.sites
    file = tmp_path / "carried"
    assert "does not run" in run(first, "ask")[2]
    first.start()
    with running(first):
        file.write_text(run(first, "ask")[1])
    assert "does not run" in run(first, "take", file)[2]
    assert run(peer, "answer", tmp_path / "nothing")[0] == 1
