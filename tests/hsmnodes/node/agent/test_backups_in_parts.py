"""Backups in parts on a node: they leave and come in several messages, and count once all of it is there."""

import pytest

from hsmnodes.node.agent import enclosures, messages
from hsmnodes.node.agent.messages import WarrantMessage
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.backups import Backup, read_backup
from hsmnodes.node.protocol.documents import Warrant
from tests.cast.backups import restore_backup, take_backup, verify_backup
from tests.cast.deployment import PAYMENTS
from tests.cast.people import CUSTODIANS
from tests.hsmnodes.node.agent.making import CountingDrivers, carrying, real_drivers
from tests.hsmnodes.node.agent.moving import Pair, has_zone, keys_in
from tests.hsmnodes.node.agent.rotating import blobs_of, rotate_warrant, slot_of
from tests.hsmnodes.node.agent.stepping import in_one
from tests.hsmnodes.node.agent.test_backups import KEYS, LABELS, destroy

PARTS = len(KEYS)


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    """Parts of one key each, of which each travels in a message of its own."""
    monkeypatch.setattr("hsmnodes.node.agent.backups.MOST_IN_ONE_FILE", 1)
    monkeypatch.setattr("hsmnodes.node.agent.backups.MOST_IN_A_PART", 1)
    monkeypatch.setattr(messages, "LONGEST_LOAD", 300)


@pytest.fixture
def zone(cast):
    return cast.zone(members=CUSTODIANS)


@pytest.fixture(params=[CountingDrivers, real_drivers], ids=["fake", "softhsm2"])
def drivers(request):
    return request.param


@pytest.fixture
def filled(make_site, cast, zone, drivers):
    """A node with three keys in Payments, on each driver."""
    return _filled(make_site(drivers=drivers).with_zone(zone), cast, zone)


@pytest.fixture
def fake(site, cast, zone):
    """The same with fake drivers alone."""
    return _filled(site, cast, zone)


def _filled(site, cast, zone):
    for key in KEYS:
        assert site.send(cast.generate_keys(site.at, zone, key)).outcome == "done"
    return site


def back_up(site, cast, zone) -> Backup:
    said = in_one(site.deliver(carrying(take_backup(cast, site.at, zone))).said)
    assert site.read(said).outcome == "done", site.read(said)
    return read_backup(b"".join(canonical.b64u_decode(one.data) for one in said.attachments))


def bearing(warrant, *pieces: bytes, more: bool = False) -> WarrantMessage:
    enclosed = tuple(map(canonical.b64u, pieces))
    return carrying(warrant).model_copy(update={"enclosures": enclosed, "more": more})


def in_messages(warrant, backup: Backup) -> list[WarrantMessage]:
    """The messages in which the console sends a backup beside a warrant."""
    index, *parts = backup.pieces
    return [bearing(warrant, index, part, more=part != parts[-1]) for part in parts]


def begun(site) -> int:
    return len(site.facts.intents)


def waiting(site) -> set[str]:
    return {str(digest) for (digest,) in site.node.parts.store.rows("SELECT sha256 FROM waiting")}


class TestTaking:
    def test_it_leaves_in_several_messages_with_the_same_receipt_which_states_every_part(
        self, filled, cast, zone
    ):
        said = filled.deliver(carrying(take_backup(cast, filled.at, zone))).said
        assert len(said) == 1 + PARTS
        receipt = filled.read(in_one(said))
        index, *parts = (one for message in said for one in message.attachments)
        assert receipt.results["archive_sha256"] == index.sha256
        assert receipt.results["parts_sha256"] == [part.sha256 for part in parts]
        backup = read_backup(b"".join(canonical.b64u_decode(one.data) for one in (index, *parts)))
        assert {key.label for key in backup.keys} == set(LABELS)
        assert receipt.results["size"] == len(backup.data)
        assert backup.manifest.identity_point == filled.at.identity

    def test_a_repeated_question_gets_all_of_it_again(self, fake, cast, zone):
        message = carrying(take_backup(cast, fake.at, zone))
        first = [one.text() for one in fake.deliver(message).said]
        fake.start()
        assert [one.text() for one in fake.deliver(message).said] == first
        assert len(first) == 1 + PARTS

    def test_a_zone_that_fits_into_one_file_is_in_one(self, fake, cast, zone, monkeypatch):
        monkeypatch.setattr("hsmnodes.node.agent.backups.MOST_IN_ONE_FILE", PARTS)
        assert len(back_up(fake, cast, zone).pieces) == 1
        monkeypatch.setattr("hsmnodes.node.protocol.backups.LONGEST_PART", 1_000)
        assert len(back_up(fake, cast, zone).pieces) == 1 + PARTS


class TestArriving:
    def test_it_is_verified_when_the_last_part_has_come(self, filled, cast, zone):
        backup = back_up(filled, cast, zone)
        *before, last = in_messages(verify_backup(cast, filled.at, zone, backup), backup)
        done = begun(filled)
        for message in before:
            assert filled.deliver(message).said == []
        assert begun(filled) == done
        [said] = filled.deliver(last).said
        assert (filled.read(said).outcome, filled.read(said).results["keys"]) == ("done", PARTS)
        assert waiting(filled) == set()

    def test_whatever_comes_again_or_in_another_order_it_is_done_once(self, fake, cast, zone):
        backup = back_up(fake, cast, zone)
        first, second, last = in_messages(verify_backup(cast, fake.at, zone, backup), backup)
        for message in (second, first, second, first):
            assert fake.deliver(message).said == []
        done = begun(fake)
        [said] = fake.deliver(last).said
        for message in (first, last, second):
            assert [one.text() for one in fake.deliver(message).said] == [said.text()]
        assert begun(fake) == done + 1

    def test_a_part_that_is_missing_is_named_and_what_has_come_need_not_come_again(self, fake, cast, zone):
        backup = back_up(fake, cast, zone)
        first, second, last = in_messages(verify_backup(cast, fake.at, zone, backup), backup)
        fake.deliver(first)
        done = begun(fake)
        receipt = fake.read(fake.deliver(last).said[0])
        assert (receipt.outcome, receipt.code) == ("refused", "part-missing")
        assert "part 2 of 3" in receipt.detail
        assert "part 1 of 3" not in receipt.detail
        assert begun(fake) == done
        other = bearing(verify_backup(cast, fake.at, zone, backup), *backup.pieces[:2])
        assert "part 3 of 3" in fake.read(fake.deliver(other).said[0]).detail  # that came beside another
        fake.start()  # what waits is on disk
        [said] = fake.deliver(second).said
        assert fake.read(said).outcome == "done"

    def test_an_altered_part_or_one_of_another_backup_is_named_and_not_kept(self, fake, cast, zone):
        backup, other = back_up(fake, cast, zone), back_up(fake, cast, zone)
        warrant = verify_backup(cast, fake.at, zone, backup)
        index, first, *_ = backup.pieces
        altered = first[:-1] + bytes([first[-1] ^ 1])
        for strange in (altered, other.pieces[0], b"nonsense"):
            for more in (True, False):
                receipt = fake.read(fake.deliver(bearing(warrant, index, strange, more=more)).said[0])
                assert (receipt.outcome, receipt.code) == ("refused", "other-enclosure")
                assert canonical.sha256_hex(strange) in receipt.detail
        assert waiting(fake) == set()

    def test_without_the_index_that_people_signed_for_no_part_counts(self, fake, cast, zone):
        backup = back_up(fake, cast, zone)
        warrant = verify_backup(cast, fake.at, zone, backup)
        for pieces in (backup.pieces[1:], (backup.data,), (back_up(fake, cast, zone).pieces[0],)):
            receipt = fake.read(fake.deliver(bearing(warrant, *pieces, more=True)).said[0])
            assert (receipt.outcome, receipt.code) == ("refused", "other-enclosure")
        assert waiting(fake) == set()

    def test_without_a_quorum_nothing_waits_for_more(self, fake, cast, zone):
        backup = back_up(fake, cast, zone)
        message = in_messages(verify_backup(cast, fake.at, zone, backup), backup)[0]
        spoiled = canonical.b64u_decode(message.warrant).replace(b'"approvals":[{', b'"approvals":[],"x":[{')
        stripped = message.model_copy(update={"warrant": canonical.b64u(spoiled)})
        assert fake.deliver(stripped).refused or fake.deliver(stripped).said
        late = verify_backup(cast, fake.at, zone, backup, keys=99)
        fake.clock.now += 8 * 86_400
        said = fake.deliver(in_messages(late, backup)[0]).said
        assert fake.read(said[0]).outcome == "refused"
        assert waiting(fake) == set()

    def test_what_waits_is_dropped_after_some_days_and_beyond_a_limit(self, fake, cast, zone, monkeypatch):
        backup = back_up(fake, cast, zone)
        first = in_messages(verify_backup(cast, fake.at, zone, backup), backup)[0]
        second = in_messages(verify_backup(cast, fake.at, zone, backup), backup)[0]
        fake.deliver(first)
        size = sum(len(canonical.b64u_decode(one)) for one in first.enclosures)
        monkeypatch.setattr(enclosures, "MOST_WAITING", size + 1)
        fake.clock.now += 1
        fake.deliver(second)
        [(kept,)] = fake.node.parts.store.rows("SELECT DISTINCT proposal FROM waiting")
        assert kept.encode() in _proposal(second)
        fake.clock.now += enclosures.WAITS_FOR
        fake.node.advance()
        assert waiting(fake) == set()


class TestRestoring:
    def test_only_the_parts_with_the_keys_that_come_back_are_needed(self, filled, cast, zone):
        backup = back_up(filled, cast, zone)
        destroy(filled, cast, zone, backup, "cards", "database")
        wanted = {"cards": "create", "database": "create"}
        warrant = restore_backup(cast, filled.at, zone, backup, wanted)
        index, *parts = backup.pieces
        needed = [part for key, part in zip(backup.keys, parts, strict=True) if key.label in wanted]
        assert filled.deliver(bearing(warrant, index, needed[0], more=True)).said == []
        [said] = filled.deliver(bearing(warrant, index, needed[1])).said
        assert filled.read(said).results["counts"] == {"create": 2, "replace": 0, "skip": 0}
        ids = {key.id for key in backup.keys}
        assert {key.id for key in filled.facts.holdings.keys_of(PAYMENTS.id)} == ids

    def test_a_restore_that_broke_off_is_finished_with_the_parts_that_are_kept(self, fake, cast, zone):
        backup = back_up(fake, cast, zone)
        destroy(fake, cast, zone, backup, *LABELS)
        warrant = restore_backup(cast, fake.at, zone, backup, dict.fromkeys(LABELS, "create"))
        *before, last = in_messages(warrant, backup)
        for message in before:
            fake.deliver(message)

        def stop(_warrant):
            raise KeyboardInterrupt

        fake.node.parts.executor._act = stop
        with pytest.raises(KeyboardInterrupt):
            fake.deliver(last)
        assert waiting(fake) == set()
        fake.start()
        said = fake.node.advance()
        assert [fake.read(one).outcome for one in said] == ["done"]
        assert len(fake.facts.holdings.keys_of(PAYMENTS.id)) == PARTS
        assert fake.node.parts.store.rows("SELECT 1 FROM enclosed") == []


def test_a_rotation_backs_up_every_key_in_parts(filled, cast, zone):
    filled.deliver(carrying(cast.share_backup_key(filled.at, zone), zone))
    said = in_one(filled.deliver(carrying(rotate_warrant(filled, cast, zone), zone)).said)
    receipt = filled.read(said)
    assert receipt.outcome == "done", receipt
    assert len(receipt.results["parts_sha256"]) == PARTS
    archive = b"".join(canonical.b64u_decode(one.data) for one in said.attachments if ".backup" in one.name)
    backup = read_backup(archive)
    assert (backup.manifest.epoch, backup.manifest.kcv) == (2, slot_of(filled, zone).kcv)
    assert set(blobs_of(said)) == {key.id for key in filled.facts.holdings.keys_of(PAYMENTS.id)}
    [verified] = filled.deliver(bearing(verify_backup(cast, filled.at, zone, backup), *backup.pieces)).said
    assert filled.read(verified).outcome == "done"


def _pair(make_site, cast, zone, drivers) -> Pair:
    """Two nodes, of which one has the zone with keys that were made one by one."""
    first, *others = KEYS
    pair = Pair(make_site, cast, zone, drivers, [first])
    for key in others:
        assert pair.first.send(cast.generate_keys(pair.first.at, zone, key)).outcome == "done"
    return pair


class TestExtending:
    def test_the_keys_arrive_in_parts(self, make_site, cast, zone, drivers):
        pair = _pair(make_site, cast, zone, drivers)
        extending = pair.extending()
        for step in (0, 1):
            assert extending.take(step).outcome == "done"
        assert len(extending.receipt(1).results["parts_sha256"]) == PARTS
        message = extending.message(2)
        box, index, *parts = message.enclosures
        for part in parts[:-1]:
            apart = message.model_copy(update={"enclosures": (box, index, part), "more": True})
            assert pair.second.deliver(apart).said == []
            assert not has_zone(pair.second, zone)
        last = message.model_copy(update={"enclosures": (box, index, parts[-1])})
        [said] = pair.second.deliver(last).said
        assert pair.second.read(said).outcome == "done", pair.second.read(said)
        assert keys_in(pair.second, zone) == keys_in(pair.first, zone)

    def test_nothing_arrives_while_a_part_is_missing(self, make_site, cast, zone):
        pair = _pair(make_site, cast, zone, CountingDrivers)
        extending = pair.extending()
        for step in (0, 1):
            extending.take(step)
        whole = extending.message(2).enclosures
        receipt = extending.take(2, enclosures=whole[:-1])
        assert (receipt.outcome, receipt.code) == ("refused", "part-missing")
        assert not has_zone(pair.second, zone)
        assert extending.take(2, enclosures=(*whole[:2], whole[-1])).outcome == "done"


def _proposal(message: WarrantMessage) -> bytes:
    return Warrant.from_bytes(canonical.b64u_decode(message.warrant)).proposal_bytes
