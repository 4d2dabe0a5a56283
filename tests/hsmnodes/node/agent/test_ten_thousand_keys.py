"""A zone of 10,000 mixed keys is restored, backed up, verified, rotated and extended, within real limits."""

from functools import partial

import pytest
from cryptography.hazmat.primitives.serialization import load_der_private_key

from hsmnodes.node.agent.messages import LONGEST, WarrantMessage, in_loads
from hsmnodes.node.operations.backup.restore import MOST_AT_ONCE
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.backups import Backup, read_backup
from hsmnodes.node.protocol.documents.backups import MOST_IN_A_PART
from tests.bench.many_keys import backup_of_many, pieces_with, sites_under_known_key
from tests.cast.backups import restore_backup, take_backup, verify_backup
from tests.cast.deployment import PAYMENTS, Deployment
from tests.cast.moving import extend_zone
from tests.cast.people import CUSTODIANS
from tests.hsmnodes.node.agent.making import CountingDrivers, carrying
from tests.hsmnodes.node.agent.rotating import rotate_warrant, slot_of, stated_key
from tests.hsmnodes.node.agent.stepping import Carrier, in_one

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
COUNT = 10_000


@pytest.fixture(scope="module")
def cast():
    return Deployment()


@pytest.fixture(scope="module")
def zone(cast):
    return cast.zone(members=CUSTODIANS)


@pytest.fixture(scope="module")
def sites(tmp_path_factory, cast, zone):
    """A node with all the keys, restored as people restore them: 1,000 at a time; and one without.

    Whether RSA keys are of primes is not looked at again each time that one of them is unwrapped.
    """
    folder, patched = tmp_path_factory.mktemp("many"), pytest.MonkeyPatch()
    plain = partial(load_der_private_key, unsafe_skip_rsa_key_validation=True)
    patched.setattr("hsmnodes.node.drivers.fake.keys.load_der_private_key", plain)
    first, second = sites_under_known_key(folder, cast, zone, CountingDrivers)
    backup = backup_of_many(first, PAYMENTS, COUNT)
    for start in range(0, COUNT, MOST_AT_ONCE):
        chosen = {key.label: key.id for key in backup.keys[start : start + MOST_AT_ONCE]}
        warrant = restore_backup(cast, first.at, zone, backup, dict.fromkeys(chosen, "create"))
        pieces = pieces_with(backup, set(chosen.values()))
        assert len(pieces) == 2  # keys that follow each other are in one part
        assert arrive(first, carrying(warrant), pieces).outcome == "done"
    yield first, second
    first.stop()
    second.stop()
    patched.undo()


def arrive(site, message: WarrantMessage, pieces):
    """The receipt for a warrant, when a backup has come beside it, in as many messages as that takes."""
    index, *parts = pieces
    loads = in_loads(parts, len)
    for number, load in enumerate(loads):
        enclosed = (*message.enclosures, *map(canonical.b64u, (index, *load)))
        last = number == len(loads) - 1
        one = message.model_copy(update={"enclosures": enclosed, "more": not last})
        assert len(one.text()) < LONGEST
        said = site.deliver(one).said
        assert last or said == []
    return site.read(in_one(said))


def archive_of(site, message: WarrantMessage) -> Backup:
    said = site.deliver(message).said
    assert all(len(one.text()) < LONGEST for one in said)
    assert site.read(in_one(said)).outcome == "done"
    beside = [one.data for one in in_one(said).attachments if ".backup" in one.name]
    assert len(beside) == 1 + COUNT // MOST_IN_A_PART
    return read_backup(b"".join(map(canonical.b64u_decode, beside)))


def ids_of(site):
    return {key.id for key in site.facts.holdings.keys_of(PAYMENTS.id)}


def test_it_is_backed_up_as_a_whole_and_verified(sites, cast, zone):
    site, _ = sites
    backup = archive_of(site, carrying(take_backup(cast, site.at, zone)))
    assert {key.id for key in backup.keys} == ids_of(site)
    assert len(backup.keys) == COUNT
    receipt = arrive(site, carrying(verify_backup(cast, site.at, zone, backup)), backup.pieces)
    assert (receipt.outcome, receipt.results["keys"]) == ("done", COUNT)


def test_its_backup_key_is_rotated_and_then_it_is_extended(sites, cast, zone):
    first, second = sites
    assert first.send(cast.share_backup_key(first.at, zone), zone).outcome == "done"
    rotated = archive_of(first, carrying(rotate_warrant(first, cast, zone), zone))
    assert (len(rotated.keys), rotated.manifest.epoch, slot_of(first, zone).epoch) == (COUNT, 2, 2)
    warrant = extend_zone(cast, second.at, first.at, zone, epoch=2, **stated_key(first, zone))
    moving = Carrier(warrant, sites, [zone])
    for step in (0, 1):
        assert moving.take(step).outcome == "done"
    message = moving.message(2)
    box, *pieces = message.enclosures
    with_box = message.model_copy(update={"enclosures": (box,)})
    receipt = arrive(second, with_box, map(canonical.b64u_decode, pieces))
    assert receipt.outcome == "done", receipt.detail
    assert ids_of(second) == ids_of(first)
    head = second.head
    second.start()  # the journal tells all of it again
    assert (second.head, ids_of(second)) == (head, ids_of(first))
