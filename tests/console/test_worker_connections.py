"""The console's worker keeps its database connection from task to task, and lets go of one that is bad."""

import pytest
from celery.signals import task_postrun, task_prerun
from django.db import connection

from console import celery

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_stacks]


@pytest.fixture
def kept(monkeypatch):
    if connection.vendor == "sqlite":
        pytest.skip("tests have SQLite in memory, where a closed connection would be a lost database")
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 600)
    monkeypatch.setitem(connection.settings_dict, "CONN_HEALTH_CHECKS", True)
    connection.close()
    connection.connect()
    return connection.connection


def between_tasks():
    task_postrun.send(sender=None)
    task_prerun.send(sender=None)
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def test_a_good_connection_is_kept(kept):
    between_tasks()
    assert connection.connection is kept


def test_a_connection_that_the_server_closed_is_replaced(kept, monkeypatch):
    monkeypatch.setattr(connection, "is_usable", lambda: False)
    between_tasks()
    assert connection.connection is not kept


def test_celery_itself_does_not_close_connections():
    assert celery.app.fixups == []
