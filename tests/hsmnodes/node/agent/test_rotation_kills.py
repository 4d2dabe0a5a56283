"""kill -9 at every step of rotating and resharing a backup key, on SoftHSM2: one key, with its own shares.

`--kills N` says how often each step is killed; without it a sample of three is taken.
"""

import itertools

import pytest
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap_with_padding

from tests.cast.deployment import PAYMENTS
from tests.cast.people import CUSTODIANS
from tests.hsmnodes.node.agent.gathering import open_boxes
from tests.hsmnodes.node.agent.killing import MOMENTS, RETIRING, deliver_and_kill
from tests.hsmnodes.node.agent.making import carrying, real_drivers
from tests.hsmnodes.node.agent.rotating import (
    backup_keys_in_hsm,
    blobs_of,
    kept_keys,
    rebuilt,
    rotate_warrant,
    slot_of,
)
from tests.hsmnodes.node.agent.test_kills import check_whole, settle

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]


@pytest.fixture
def kills(request) -> int:
    return request.config.getoption("--kills") or 3


@pytest.fixture
def zone(cast):
    return cast.zone(members=CUSTODIANS)


@pytest.fixture
def site(make_site, cast, zone):
    site = make_site(drivers=real_drivers).with_zone(zone)
    names = [("pair", "ec-p256", ("sign",)), ("secret", "aes-256", ("encrypt",))]
    site.send(cast.generate_keys(site.at, zone, *names))
    assert site.send(cast.share_backup_key(site.at, zone), zone).outcome == "done"
    return site


def answer_to(site, message):
    """What the settled node says to a message that was answered before."""
    [said] = site.deliver(message).said
    return said


def shares_that_rebuild(site, zone, message, receipt):
    """The one key that any two of the shares beside a receipt rebuild."""
    shares = open_boxes(site, receipt, answer_to(site, message), zone)
    [key] = {rebuilt(two, receipt) for two in itertools.combinations(shares.values(), 2)}
    return key


@pytest.mark.parametrize("moment", [*MOMENTS, *RETIRING])
def test_backup_keys_are_rotated_once(site, cast, zone, moment, kills):
    for number in range(kills):
        before, warrant = slot_of(site, zone), rotate_warrant(site, cast, zone)
        message = carrying(warrant, zone)
        site.stop()
        deliver_and_kill(site, message.text(), moment)
        receipt = settle(site, message)
        assert receipt.outcome == "done", (receipt.code, receipt.detail)
        slot = slot_of(site, zone)
        assert (slot.epoch, site.facts.holdings.share_sets[slot.zone.id].number) == (number + 2, number + 2)
        assert backup_keys_in_hsm(site, zone, [before.backup_key_id, slot.backup_key_id]) == {
            slot.backup_key_id: receipt.results["backup_key"]["kcv"]
        }
        assert kept_keys(site, zone) == [slot.backup_key_id]
        key = shares_that_rebuild(site, zone, message, receipt)
        blobs = blobs_of(answer_to(site, message))
        assert set(blobs) == {one.id for one in site.facts.holdings.keys_of(slot.zone.id)}
        assert all(aes_key_unwrap_with_padding(key, blob) for blob in blobs.values())
        check_whole(site)


@pytest.mark.parametrize("moment", MOMENTS)
def test_backup_keys_are_reshared_once(site, cast, zone, moment, kills):
    keys = set()
    for number in range(kills):
        message = carrying(cast.share_backup_key(site.at, zone, share_set=number + 2), zone)
        site.stop()
        deliver_and_kill(site, message.text(), moment)
        receipt = settle(site, message)
        assert receipt.outcome == "done", (receipt.code, receipt.detail)
        assert site.facts.holdings.share_sets[PAYMENTS.id].number == number + 2
        keys.add(shares_that_rebuild(site, zone, message, receipt))
        check_whole(site)
    assert keys == {site.node.parts.zones._backup_keys.kept(PAYMENTS.id, slot_of(site, zone).backup_key_id)}
