"""Fixtures for everything that has to do with the console."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from django.db import connection
from hypothesis import HealthCheck, settings

from tests.ordering import deal, seconds_of
from tests.servers.live import taking_turns, wait_until_idle
from tests.world.broker import NoBroker

# How fast this machine is at the moment is not what a property is about.
settings.register_profile("quorate", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("quorate")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--kills", type=int, help="how often crash tests kill -9 at each step (else each test's own number)"
    )
    parser.addoption("--keep-database", help="keep a database of this version by this name, for later ones")
    parser.addoption(
        "--long", action="store_true", help="also run what takes many minutes and repeats what others show"
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--long"):
        for item in items:
            if item.get_closest_marker("long"):
                item.add_marker(pytest.mark.skip(reason="takes many minutes: --long runs it"))
    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    if workers > 1:
        items[:] = deal(items, workers=workers, seconds=seconds_of)


@pytest.fixture(autouse=True)
def _log_can_be_emptied(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test that commits has its tables emptied afterwards, which the log's own triggers forbid."""
    marker = request.node.get_closest_marker("django_db")
    commits = {"transactional_db", "live_server"} & set(request.fixturenames) or (
        marker is not None and marker.kwargs.get("transaction")
    )
    if not commits:
        yield
        return
    request.getfixturevalue("transactional_db")
    protect, unprotect = request.getfixturevalue("log_triggers")
    protect()
    try:
        if "live_server" not in request.fixturenames:
            yield
            return
        with taking_turns():
            yield
            wait_until_idle(request.getfixturevalue("live_server"))
    finally:
        unprotect()


@pytest.fixture(scope="session")
def log_triggers(django_db_setup, django_db_blocker):
    """How to put triggers in place and take them away, the log's and statements'; both may be done twice."""
    from tenants import append_only

    def is_protected() -> bool:
        catalogue = {
            "sqlite": "SELECT 1 FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'tenants_logentry'",
            "postgresql": "SELECT 1 FROM pg_trigger WHERE tgrelid = 'tenants_logentry'::regclass"
            " AND NOT tgisinternal",
        }
        with connection.cursor() as cursor:
            cursor.execute(catalogue[connection.vendor])
            return cursor.fetchone() is not None

    def change(*groups, protected: bool) -> None:
        if is_protected() == protected:
            with connection.cursor() as cursor:
                for statement in (one for group in groups for one in group[connection.vendor]):
                    cursor.execute(statement)

    def protect() -> None:
        change(append_only.PROTECT, append_only.PROTECT_STATEMENTS, protected=False)

    def unprotect() -> None:
        change(append_only.UNPROTECT, append_only.UNPROTECT_STATEMENTS, protected=True)

    yield protect, unprotect
    with django_db_blocker.unblock():
        protect()


@pytest.fixture
def no_broker(monkeypatch: pytest.MonkeyPatch) -> NoBroker:
    """Stands in for the broker: what was handed over to it is in `sent`."""
    broker = NoBroker()
    monkeypatch.setattr("hsmnodes.carrier.send_to_node", broker.send_to_node)
    return broker


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[..., datetime]:
    """Lets time go on, by so many `hours`, `days` or whatever a timedelta takes; what time it is then."""
    from tenants import clock

    gone, real = [timedelta()], clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + gone[0])

    def go_on(**by: float) -> datetime:
        gone[0] += timedelta(**by)
        return clock.now()

    return go_on


@pytest.fixture
def world(request: pytest.FixtureRequest, no_broker: NoBroker, settings):
    """The cast's deployment, in a demo."""
    from tests.world.keeping import made_once
    from tests.world.world import World

    if "transactional_db" not in request.fixturenames:
        request.getfixturevalue("db")
    settings.DEMO = True
    return made_once(World, inside=[no_broker])


@pytest.fixture
def once(world, no_broker: NoBroker):
    """How fixtures make in the world what many tests begin with; beside `make`, the nodes it lets answer."""
    from tests.world.keeping import made_once

    return lambda make, *nodes: made_once(make, inside=[world, no_broker, *nodes])


@pytest.fixture
def node(world, once):
    """A node of Northgate, enrolled."""
    return once(world.node)
