"""Fixtures for everything that has to do with the console."""

import pytest
from django.db import connection

from tenants.append_only import protect, unprotect
from tests.world.broker import NoBroker


@pytest.fixture(autouse=True)
def _log_can_be_emptied_after_a_test(request):
    """A test that commits has its tables emptied afterwards, which the log's own triggers forbid."""
    marker = request.node.get_closest_marker("django_db")
    committing = (marker is not None and marker.kwargs.get("transaction", False)) or {
        "transactional_db",
        "live_server",
    } & set(request.fixturenames)
    if not committing:
        yield
        return
    request.getfixturevalue("transactional_db")
    yield
    with connection.schema_editor() as editor:
        unprotect(None, editor)
    request.addfinalizer(lambda: None)


@pytest.fixture
def no_broker(monkeypatch) -> NoBroker:
    """Stands in for the broker: what was handed over to it is in `sent`."""
    broker = NoBroker()
    monkeypatch.setattr("hsmnodes.carrier.send_to_node", broker.send_to_node)
    return broker


@pytest.fixture
def world(db, no_broker, settings):
    """The cast's deployment, in a demo."""
    from tests.world.world import World

    settings.DEMO = True
    return World()
