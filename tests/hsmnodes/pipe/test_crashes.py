"""kill -9 of page, worker, node and broker at each step of a warrant's life: done once, and settled.

`--kills N` says how often each of worker, node and broker is killed (20 if it is not given), one step after
the other. How a node alone survives is in tests/hsmnodes/node/agent/test_kills.py.
"""

import random
import signal
from contextlib import closing
from itertools import cycle

import pytest

from tests.hsmnodes.pipe import moments
from tests.hsmnodes.pipe.fork import PATIENCE
from tests.hsmnodes.pipe.pipe import NODE, Pipe
from tests.servers.process import wait_until
from tests.servers.rabbitmq import BrokerUser, RabbitServer
from tests.servers.stacks import broker_user_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(7200)]

IN_FLIGHT = 3


@pytest.fixture
def kills(request) -> int:
    return request.config.getoption("--kills")


@pytest.fixture
def embedded(tmp_path):
    url = f"sqla+sqlite:///{tmp_path}/broker.sqlite3"
    pipe = Pipe(tmp_path, broker=url)
    with closing(pipe):
        pipe.set_up(node_broker=url)
        yield pipe


class Keys:
    """Proposals of keys that lack a signature, proposed by the dozen."""

    def __init__(self, pipe: Pipe) -> None:
        self.pipe, self.ready, self.given = pipe, [], []

    def take(self) -> str:
        if not self.ready:
            self.ready = self.pipe.order("propose_keys", node_id=NODE.id, first=len(self.given), count=12)
        self.given.append(self.ready.pop(0))
        return self.given[-1]


def test_whoever_is_killed_whenever_everything_is_done_once(embedded, kills):
    pipe, keys, dying = embedded, Keys(embedded), cycle([None, *moments.PEOPLE])
    for name in ("worker", "node"):
        pipe.replace(name, armed=True)
    while min(pipe.killed("worker"), pipe.killed("node")) < kills:
        while len(pipe.undone(keys.given)) < IN_FLIGHT:
            sign(pipe, keys.take(), next(dying))
        moved = wait_until(
            lambda: pipe.bury(armed=True) or len(pipe.undone(keys.given)) < IN_FLIGHT, seconds=PATIENCE
        )
        assert moved, (pipe.kills, pipe.armed, pipe.zygote.log_end())
    for name in ("worker", "node"):
        pipe.replace(name, armed=False)
    pipe.order("hurry")
    pipe.wait_for_done(keys.given)
    pipe.check_whole(keys.given)
    assert {moment for who, moment in pipe.kills if who == "worker"} >= {*list(moments.WORKER)[:kills]}
    assert {moment for who, moment in pipe.kills if who == "node"} >= {*list(moments.NODE)[:kills]}


def sign(pipe: Pipe, proposal: str, moment: str | None) -> None:
    """Fay signs; if her page is killed before that is kept, she signs again."""
    pipe.order("approve", proposal=proposal, moment=moment)
    if moment is not None:
        pipe.kills["people", moment] += 1
    if pipe.state(proposal) == "proposed":
        assert moment == "before the decision is kept"
        pipe.order("approve", proposal=proposal, moment=None)


@pytest.fixture
def broker(tmp_path):
    (tmp_path / "rabbitmq").mkdir()
    server = RabbitServer(tmp_path / "rabbitmq")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def production(tmp_path, broker):
    (tmp_path / "pipe").mkdir()
    urls = broker.create_host("pipe", BrokerUser("console"), broker_user_of(NODE.id))
    pipe = Pipe(tmp_path / "pipe", broker=urls["console"])
    with closing(pipe):
        pipe.set_up(node_broker=urls[NODE.id])
        yield pipe


def before_it_is_sent(pipe, proposal):
    """The broker is gone when the last signature comes."""
    return True


def after_it_was_sent(pipe, proposal):
    """It is in the queue of a node that does not read it."""
    pipe.pause("node")
    sign(pipe, proposal, None)


def while_the_node_acts(pipe, proposal):
    sign(pipe, proposal, None)
    assert wait_until(lambda: pipe.journal_has("intent", proposal), seconds=PATIENCE, every=0.005)


def while_the_answer_waits(pipe, proposal):
    """The receipt is in the queue of a console that does not read it."""
    pipe.pause("worker")
    sign(pipe, proposal, None)
    assert wait_until(lambda: pipe.journal_has("outcome", proposal), seconds=PATIENCE)


def at_any_moment(pipe, proposal):
    sign(pipe, proposal, None)
    wait_until(lambda: False, seconds=random.uniform(0, 0.3), every=0.01)


STEPS = (before_it_is_sent, after_it_was_sent, while_the_node_acts, while_the_answer_waits, at_any_moment)


@pytest.mark.servers
@pytest.mark.parametrize("what_fails", ["the broker", "the power"])
def test_a_broker_killed_at_any_step_loses_nothing(production, broker, kills, what_fails):
    """Half of the times worker and node are killed with it."""
    pipe, keys, power = production, Keys(production), what_fails == "the power"
    for _, step in zip(range((kills + 1) // 2), cycle(STEPS), strict=False):
        proposal = keys.take()
        unsigned = step(pipe, proposal)
        broker.kill()
        if power:
            for part in pipe.parts.values():
                part.end()
        if unsigned:
            sign(pipe, proposal, None)
        broker.start()
        for name, part in pipe.parts.items():
            if power:
                pipe.begin(name)
            else:
                part.signal(signal.SIGCONT)
        pipe.order("hurry")
        pipe.wait_for_done([proposal])
    pipe.check_whole(keys.given)
