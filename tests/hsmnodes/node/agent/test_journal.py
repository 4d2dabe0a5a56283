"""The journal is only ever added to, and shows every change to what it holds."""

import sqlite3

import pytest

from hsmnodes.node.agent.commands.verify_journal import check_receipts
from hsmnodes.node.agent.errors import NodeError
from hsmnodes.node.agent.facts import Facts
from hsmnodes.node.agent.journal import BEFORE_ALL, ENTRY_LIMIT, Draft, Journal, _entry, _insert
from hsmnodes.node.agent.store import Store
from hsmnodes.node.protocol.documents.node import JournalHead

CHANGES = {
    "a byte of an entry": "UPDATE entries SET entry = replace(entry, 'cancel', 'reject') WHERE sequence = 2",
    "an entry with its hash": "UPDATE entries SET entry = (SELECT entry FROM entries WHERE sequence = 2),"
    " hash = 'x' WHERE sequence = 3",
    "an entry removed": "DELETE FROM entries WHERE sequence = 2",
    "the first entry removed": "DELETE FROM entries WHERE sequence < 2",
    "a kind": "UPDATE entries SET kind = 'peer' WHERE sequence = 2",
    "a key": "UPDATE entries SET proposal = 'other' WHERE sequence = 3",
    "a hash": "UPDATE entries SET hash = 'ab' WHERE sequence = 2",
    "entries in another order": "UPDATE entries SET sequence = 9 WHERE sequence = 2",
    "an entry that is no JSON": "UPDATE entries SET entry = X'00' WHERE sequence = 2",
    "an entry that has other fields": "UPDATE entries SET entry = '{}' WHERE sequence = 2",
}


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "journal.sqlite3")
    yield store
    store.close()


@pytest.fixture
def journal(store):
    journal = Journal(store)
    journal.append([Draft("begun", {"deployment": "d"}), Draft("closed", {"how": "cancelled"})], at=1)
    journal.append([Draft("intent", {"proposal": "p", "step": 0}, ("p", 0))], at=2)
    return journal


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_changed_journal_is_found_out(store, journal, change):
    with store.transaction() as connection:
        for trigger in ("entries_stay", "entries_remain"):
            connection.execute(f"DROP TRIGGER {trigger}")
        assert connection.execute(change).rowcount
    with pytest.raises(NodeError, match="broken"):
        list(journal.verify())
    with pytest.raises(NodeError, match="broken"):
        Journal(store)


def test_what_is_cut_off_at_the_end_is_not_seen_by_the_chain_alone(store, journal):
    with store.transaction() as connection:
        connection.execute("DROP TRIGGER entries_remain")
        connection.execute("DELETE FROM entries WHERE sequence = 3")
    assert Journal(store).head.sequence == 2  # which is what the HSM's record and the peers are for


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entries SET kind = 'peer'",
        "DELETE FROM entries",
        "REPLACE INTO entries SELECT sequence, kind, proposal, step, X'00', 'h' FROM entries LIMIT 1",
        "UPDATE receipts SET envelope = X'00'",
        "DELETE FROM receipts",
        "REPLACE INTO receipts VALUES ('p', 0, X'00')",
    ],
)
def test_the_database_itself_holds_entries_and_receipts_fast(store, journal, statement):
    with store.transaction() as connection:
        connection.execute("INSERT INTO receipts VALUES ('p', 0, X'01')")
    with pytest.raises(sqlite3.IntegrityError, match="append-only"), store.transaction() as connection:
        connection.execute(statement)
    assert [entry.sequence for entry in journal.verify()] == [1, 2, 3]


@pytest.mark.parametrize(("first", "last"), [(1, 3), (1, 1), (2, 3), (3, 3), (4, 9), (3, 1)])
def test_the_entries_of_a_part_are_read_and_measured_as_they_were_written(store, journal, first, last):
    whole = [entry.raw for entry in journal.verify()]
    part = whole[first - 1 : last]
    assert journal.read(first, last) == part
    assert journal.size(first, last) == sum(map(len, part))


def test_only_an_intent_and_an_outcome_occupy_a_proposal_and_step(store, journal):
    for _ in range(2):
        journal.append([Draft("announced", {"proposal": "p", "proposal_hash": "h", "at": 1})], at=3)
    assert Journal(store).head == journal.head
    assert journal.head.sequence == 5


def test_there_is_a_hash_of_each_entry_and_none_of_what_is_not_there(journal):
    hashes = [entry.hash for entry in journal.verify()]
    assert [journal.hash_at(sequence) for sequence in range(5)] == [BEFORE_ALL.hash, *hashes, None]


@pytest.mark.parametrize("change", ["SET previous", "SET sequence"])
def test_an_entry_that_is_well_made_and_does_not_follow_is_found_out(store, journal, change):
    """Whoever can write the file can make a whole entry, with its own hash."""
    [_, second, third] = journal.verify()
    after = second if change == "SET sequence" else JournalHead(sequence=second.sequence, hash="0" * 64)
    at = JournalHead(sequence=third.sequence, hash=after.hash) if change == "SET sequence" else after
    forged = _entry(Draft("closed", {"how": "cancelled"}), after=at, at=3)
    with store.transaction() as connection:
        for trigger in ("entries_stay", "entries_remain"):
            connection.execute(f"DROP TRIGGER {trigger}")
        connection.execute("DELETE FROM entries WHERE sequence = 3")
        _insert(connection, forged, None)
    with pytest.raises(NodeError, match="does not follow"):
        list(Journal(store).verify())


def test_an_entry_is_as_long_as_can_be_read_again_and_no_longer(store, journal):
    room = ENTRY_LIMIT - len(_entry(Draft("closed", {"how": ""}), after=journal.head, at=3).raw)
    with pytest.raises(NodeError, match="An entry of 8,000,001 bytes is too long"):
        journal.append([Draft("closed", {"how": "x" * (room + 1)})], at=3)
    journal.append([Draft("closed", {"how": "x" * room})], at=3)
    assert Journal(store).head == journal.head


def test_there_is_one_intent_for_a_proposal_and_step(journal):
    head = journal.head
    with pytest.raises(NodeError, match="already"):
        journal.append([Draft("closed", {}), Draft("intent", {"proposal": "p", "step": 0}, ("p", 0))], at=3)
    assert journal.head == head
    assert len(list(journal.verify())) == 3
    journal.append([Draft("intent", {"proposal": "p", "step": 1}, ("p", 1))], at=3)


def test_entries_are_all_written_or_none(store, journal):
    with pytest.raises(Exception, match="float"):
        journal.append([Draft("closed", {}), Draft("closed", {"how": 0.5})], at=3)
    assert Journal(store).head == journal.head
    assert journal.head.sequence == 3


def test_receipts_are_held_to_the_journal(site, cast, zone):
    site.send(cast.generate_keys(site.at, zone))
    store, facts = site.node.parts.store, Facts.of(site.node.parts.ledger.journal.verify())
    node = site.config.node.id
    assert check_receipts(store, facts, site.at.identity, node=node) == 4
    with store.transaction() as connection:
        connection.execute("DROP TRIGGER receipts_stay")
        connection.execute("UPDATE receipts SET envelope = (SELECT envelope FROM receipts LIMIT 1)")
    with pytest.raises(NodeError, match="not what the journal says"):
        check_receipts(store, facts, site.at.identity, node=node)
