"""The pytest plugin for tests that need servers: the `stack` fixture and the --stack option.

There are two ways to hold a test to both stacks:

- it starts processes of its own (a console worker, a node): ask for `stack`, and it runs once on each;
- it runs Django inside pytest, whose database is chosen once a process: mark it `both_stacks`; script/test
  runs these a second time with `--stack production`.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import shared
from tests.servers.postgres import PostgresServer
from tests.servers.rabbitmq import RabbitServer
from tests.servers.stacks import EMBEDDED, PRODUCTION, Stack, enter_production, make_stack


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--stack",
        choices=[EMBEDDED, PRODUCTION],
        default=EMBEDDED,
        help="what Django inside pytest runs on (production: PostgreSQL and RabbitMQ, started for this run)",
    )


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Iterator[None]:
    """Before anything reads Django's settings: a wrapper, as pytest-django does that in this hook too."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if not worker:
        shared.begin()
        if early_config.known_args_namespace.stack == PRODUCTION:
            enter_production(Path(os.environ[shared.FOLDER]))
    # Never the state of this checkout's own server, and one for each process of the run.
    os.environ["QUORATE_STATE_DIR"] = f"{os.environ[shared.FOLDER]}/state{worker}"
    os.environ.setdefault("QUORATE_SECRET_KEY", "of this test run, and good for nothing else at all, ever")
    return (yield)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    if os.environ.get(shared.OWNER) == str(os.getpid()):
        shared.end()


@pytest.fixture(params=[EMBEDDED, pytest.param(PRODUCTION, marks=pytest.mark.servers)])
def stack(request: pytest.FixtureRequest, tmp_path: Path) -> Stack:
    """An empty database and broker, once on each stack. Node names come from @pytest.mark.stack_nodes(…)."""
    marker = request.node.get_closest_marker("stack_nodes")
    return make_stack(request.param, tmp_path, nodes=marker.args if marker else ())


@pytest.fixture(scope="session")
def postgres_server() -> PostgresServer:
    """The PostgreSQL of this run."""
    return shared.postgres()


@pytest.fixture(scope="session")
def rabbitmq_server() -> RabbitServer:
    """The RabbitMQ of this run. To crash one, start one of your own: RabbitServer(folder)."""
    return shared.rabbitmq()
