"""Fixtures for everything that has to do with the console."""

from collections.abc import Iterator

import pytest
from django.db import connection

from tests.world.broker import NoBroker


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--kills", type=int, help="how often crash tests kill -9 at each step (else each test's own number)"
    )


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
    yield
    unprotect()


@pytest.fixture(scope="session")
def log_triggers(django_db_setup, django_db_blocker):
    """How to put the log's triggers in place and take them away; both may be done twice."""
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

    def change(statements, *, protected: bool) -> None:
        if is_protected() == protected:
            with connection.cursor() as cursor:
                for statement in statements[connection.vendor]:
                    cursor.execute(statement)

    def protect() -> None:
        change(append_only.PROTECT, protected=False)

    def unprotect() -> None:
        change(append_only.UNPROTECT, protected=True)

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
def world(request: pytest.FixtureRequest, no_broker: NoBroker, settings):
    """The cast's deployment, in a demo."""
    from tests.world.world import World

    if "transactional_db" not in request.fixturenames:
        request.getfixturevalue("db")
    settings.DEMO = True
    return World()
