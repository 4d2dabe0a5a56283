"""kill -9 of page, worker, node and broker at each step of a warrant's life: done once, and settled.

`--kills N` says how often at each step; without it this is a sample, and `.ci/run` asks for 20. How a
node alone survives is in tests/hsmnodes/node/agent/test_kills.py.
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

pytestmark = [pytest.mark.slow, pytest.mark.timeout(12 * 3600)]  # for --kills 500; each wait has its own end

SAMPLE = 2
IN_FLIGHT = 3


@pytest.fixture
def kills(request) -> int:
    return request.config.getoption("--kills") or SAMPLE


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
    while pipe.fewest_kills() < kills:  # all go on dying: some moments come only because another died
        assert len(keys.given) < 50 * (kills + 1), ("one of the moments does not come", pipe.kills)
        while len(pipe.undone(keys.given)) < IN_FLIGHT:
            sign(pipe, keys.take(), next(dying))
        assert wait_until(lambda: go_on(pipe, keys), seconds=PATIENCE), (
            pipe.kills,
            pipe.armed,
            pipe.zygote.log_end(),
        )
    for name in ("worker", "node"):
        pipe.replace(name, armed=False)
    pipe.order("hurry")
    pipe.wait_for_done(keys.given)
    pipe.check_whole(keys.given)


def go_on(pipe: Pipe, keys: Keys) -> bool:
    """Whether somebody had died, or something came to its end."""
    died = pipe.bury(armed=True)
    if died:
        pipe.order("hurry")  # the outbox waits longer after each attempt, and many fail here
    return died or len(pipe.undone(keys.given)) < IN_FLIGHT


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


# What one kill can meet at once, as RabbitMQ takes long to start: each step has a warrant of its own. A node
# does one thing after the other, so when it acts on a warrant its answer to the one before is in the queue.
AT_ONCE = (
    (while_the_answer_waits, while_the_node_acts),
    (after_it_was_sent, before_it_is_sent),
    (at_any_moment,),
)


@pytest.mark.servers
@pytest.mark.parametrize("what_fails", ["the broker", "the power"])
def test_a_broker_killed_at_any_step_loses_nothing(production, broker, kills, what_fails):
    """The power: worker and node are killed with it."""
    pipe, keys, power = production, Keys(production), what_fails == "the power"
    for steps in AT_ONCE * kills:
        proposals = [keys.take() for _ in steps]
        unsigned = [one for step, one in zip(steps, proposals, strict=True) if step(pipe, one)]
        broker.kill()
        if power:
            for part in pipe.parts.values():
                part.end()
        for one in unsigned:
            sign(pipe, one, None)
        broker.start()
        for name, part in pipe.parts.items():
            if power:
                pipe.begin(name)
            else:
                part.signal(signal.SIGCONT)
        pipe.order("hurry")
        pipe.wait_for_done(proposals)
    pipe.check_whole(keys.given)
