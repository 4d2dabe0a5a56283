"""The log: one chain, complete, and beyond the reach of who writes it."""

import pytest
from django.db import DatabaseError, connection, transaction

from tenants import log
from tenants.log import Event
from tenants.models import LogEntry

pytestmark = [pytest.mark.django_db, pytest.mark.both_stacks]


@pytest.fixture(autouse=True)
def entries(log_triggers):
    protect, _ = log_triggers
    protect()
    return [log.record(Event.SIGNED_IN, f"Entry {number}.", document=b"bytes") for number in range(3)]


def refused(statement, *values):
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement, values)


def test_entries_follow_each_other_by_hash(entries):
    assert [entry.sequence for entry in entries] == [1, 2, 3]
    assert list(log.verify()) == []


def test_an_entry_cannot_be_changed_in_the_database():
    refused("UPDATE tenants_logentry SET summary = 'nothing happened' WHERE sequence = 2")


def test_an_entry_cannot_be_deleted_in_the_database():
    refused("DELETE FROM tenants_logentry WHERE sequence = 3")


def test_the_models_cannot_change_or_delete_either(entries):
    for change in (entries[0].delete, entries[0].save, LogEntry.objects.all().delete):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        LogEntry.objects.update(summary="nothing happened")


def test_an_entry_cannot_be_replaced_by_inserting_over_it():
    columns = (
        "sequence, raw, hash, document, at, event, severity, summary, actor, actor_name, provider, customer,"
    )
    columns += " subject_kind, subject"
    select = (
        f"SELECT {columns.replace('summary', repr('nothing'), 1)} FROM tenants_logentry WHERE sequence = 3"
    )
    if connection.vendor == "sqlite":
        refused(f"INSERT OR REPLACE INTO tenants_logentry ({columns}) {select}")
    else:
        refused(
            f"INSERT INTO tenants_logentry ({columns}) {select}"
            " ON CONFLICT (sequence) DO UPDATE SET summary = 'nothing'"
        )


def test_the_table_cannot_be_emptied():
    refused("DELETE FROM tenants_logentry" if connection.vendor == "sqlite" else "TRUNCATE tenants_logentry")


@pytest.mark.parametrize(
    ("change", "flaw"),
    [
        ("UPDATE tenants_logentry SET document = raw WHERE sequence = 2", "document of the entry"),
        ("UPDATE tenants_logentry SET raw = document WHERE sequence = 2", "was altered"),
        ("UPDATE tenants_logentry SET summary = 'nothing' WHERE sequence = 2", "not what its bytes say"),
        ("UPDATE tenants_logentry SET actor = 'ben' WHERE sequence = 2", "not what its bytes say"),
        ("UPDATE tenants_logentry SET actor_name = 'Ben' WHERE sequence = 2", "not what its bytes say"),
        ("UPDATE tenants_logentry SET subject = 'other' WHERE sequence = 2", "not what its bytes say"),
        ("UPDATE tenants_logentry SET at = '2020-01-01 00:00:00+00:00'", "not what its bytes say"),
        ("DELETE FROM tenants_logentry WHERE sequence = 2", "Entry 2 is missing"),
    ],
)
def test_whoever_gets_past_the_triggers_is_found_out(log_triggers, change, flaw):
    _, unprotect = log_triggers
    unprotect()
    with connection.cursor() as cursor:
        cursor.execute(change)

    found = list(log.verify())

    assert any(flaw in one.message for one in found)
