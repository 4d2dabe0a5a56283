"""A node whose disk is full: it refuses and says why, loses nothing, and goes on when there is room."""

import pytest

from hsmnodes.node.agent import room
from hsmnodes.node.agent.errors import NodeError
from hsmnodes.node.agent.journal import Draft, Journal
from hsmnodes.node.agent.store import Store
from hsmnodes.node.protocol.documents import Heartbeat
from tests.hsmnodes.node.agent.making import carrying

LONG = "x" * 500_000


def fill(store: Store) -> None:
    """Have the database's file be as long as it can be: what SQLite says of a full disk."""
    [(pages,)] = store.rows("PRAGMA page_count")
    store.rows(f"PRAGMA max_page_count = {pages}")


def empty(store: Store) -> None:
    store.rows("PRAGMA max_page_count = 1000000")


@pytest.fixture
def lacks_room(monkeypatch):
    """Has the node's disk have too little room, or enough."""
    return lambda lacks: monkeypatch.setattr(room, "LEAST", 1 << 62 if lacks else 0)


def heartbeat(site) -> Heartbeat:
    return Heartbeat.from_bytes(site.node.heartbeat()[0].envelope.payload_bytes)


def test_without_room_it_begins_nothing_says_why_and_does_not_answer_so_that_it_is_asked_again(
    site, cast, zone, lacks_room
):
    making = carrying(cast.generate_keys(site.at, zone))
    lacks_room(True)
    before, acts = site.head, site.pool.acts
    report = site.deliver(making)
    assert (report.said, report.refused.code) == ([], "node-failed")
    assert (site.head, site.pool.acts) == (before, acts)
    said = heartbeat(site)
    assert (said.state, "disk of the node is full" in said.reason) == ("refusing", True)
    lacks_room(False)
    assert site.read(site.deliver(making).said[0]).outcome == "done"
    assert heartbeat(site).state == "ready"


def test_it_goes_on_serving_applications_without_room(site, lacks_room, monkeypatch):
    monkeypatch.setattr(site.node.parts.zones.applications, "still", lambda served: served)
    site.node.advance()
    site.node.served = served = ("what it serves",)
    lacks_room(True)
    site.node.advance()
    assert site.node.served == served


def test_it_does_not_settle_what_broke_off_before_there_is_room(site, cast, zone, lacks_room):
    """By what it finds then: with a full disk it could not even look."""
    lacks_room(False)
    store, making = site.node.parts.store, carrying(cast.generate_keys(site.at, zone))
    site.pool.fault = lambda _method: fill(store)  # as soon as the intent is on disk
    site.node.parts.ledger.journal.append([Draft("closed", {"why": "x" * 4000})], at=1)
    assert site.deliver(making).said == []
    site.pool.fault = lambda _method: None
    assert len(site.facts.open_intents) == 1
    lacks_room(True)
    assert site.node.advance() == []
    assert len(site.facts.open_intents) == 1
    empty(store)
    lacks_room(False)
    [said] = site.node.advance()
    assert site.read(said).outcome == "done"
    assert len(site.facts.holdings.keys) == 1


def test_it_tells_of_itself_when_not_even_the_time_can_be_kept(site, lacks_room):
    lacks_room(True)
    site.node.advance()
    site.node.parts.store.rows("DROP TABLE clock")  # so that keeping it needs what is not there
    assert heartbeat(site).state == "refusing"


def test_what_cannot_be_written_is_not_there_and_what_is_written_afterwards_is(tmp_path):
    store = Store(tmp_path / "journal.sqlite3")
    journal = Journal(store)
    journal.append([Draft("begun", {"deployment": "d"})], at=1)
    head = journal.head
    fill(store)
    with pytest.raises(NodeError, match="full"):
        journal.append([Draft("closed", {"how": LONG})], at=2)
    assert journal.head == head
    empty(store)
    journal.append([Draft("closed", {"how": "cancelled"})], at=3)
    store.close()
    again = Store(tmp_path / "journal.sqlite3")
    assert [entry.at for entry in Journal(again).verify()] == [1, 3]
    again.close()
