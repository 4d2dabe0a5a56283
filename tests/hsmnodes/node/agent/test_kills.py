"""kill -9 at every step of a warrant's life, on SoftHSM2: done once, settled, one receipt ever after.

`--kills N` says how often each step is killed; without it 5 times, or 3 where a backup is at stake.
"""

import pytest

from hsmnodes.node.agent.commands.verify_journal import check_receipts
from hsmnodes.node.agent.facts import Facts
from hsmnodes.node.operations.key.making import key_id
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.backups import read_backup
from tests.cast.applications import Application, admit_application
from tests.cast.backups import restore_backup, take_backup, verify_backup
from tests.cast.deployment import PAYMENTS
from tests.cast.people import named
from tests.hsmnodes.node.agent.killing import MOMENTS, deliver_and_kill
from tests.hsmnodes.node.agent.making import carrying, real_drivers
from tests.hsmnodes.node.agent.rotating import backup_keys_in_hsm, slot_of
from tests.hsmnodes.node.agent.test_applications import token_of
from tests.hsmnodes.node.agent.test_backups import back_up, destroy, enclosing, give
from tests.hsmnodes.node.agent.test_refusals import proposed
from tests.hsmnodes.node.agent.test_settling import keys_in

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]


@pytest.fixture
def kills(request) -> int:
    return request.config.getoption("--kills") or 5


@pytest.fixture
def few_kills(request) -> int:
    return request.config.getoption("--kills") or 3


@pytest.fixture
def site(make_site, zone):
    return make_site(drivers=real_drivers).with_zone(zone)


def settle(site, message):
    """Start the node again and ask it twice; the one receipt there is, and that it was the same each time."""
    site.start()
    settled = site.node.advance()
    [first] = site.deliver(message).said
    assert site.deliver(message).said == [first]
    assert settled in ([], [first])
    return site.read(first)


def check_whole(site):
    """The journal holds, every receipt is in it, they follow without a gap, and nothing is left open."""
    journal = site.node.parts.ledger.journal
    facts = Facts.of(journal.verify())
    check_receipts(site.node.parts.store, facts, site.at.identity, node=site.config.node.id)
    assert facts.open_intents == {}
    assert facts.holdings == site.facts.holdings
    assert facts.last_receipt[0] == len(facts.outcomes)


@pytest.mark.parametrize("moment", MOMENTS)
def test_keys_are_generated_once(site, cast, zone, moment, kills):
    for number in range(kills):
        names = [(f"pair {number}", "ec-p256", ("sign",)), (f"secret {number}", "aes-256", ("encrypt",))]
        warrant = cast.generate_keys(site.at, zone, *names)
        message = carrying(warrant)
        site.stop()
        deliver_and_kill(site, message.text(), moment)
        receipt = settle(site, message)
        assert receipt.outcome == "done", (receipt.code, receipt.detail)
        ids = [key_id(proposed(warrant).proposal, index).hex() for index in (0, 1)]
        assert [key["id"] for key in receipt.results["keys"]] == ids
        stored = site.node.parts.executor._hands.driver(PAYMENTS.id).list_keys()
        assert len(stored) == 2 * (number + 1), "nothing is left over, and nothing is there twice"
        assert all(key.complete for key in stored)
        check_whole(site)


@pytest.mark.parametrize("moment", ["during the act", "in a driver call"])
def test_keys_are_destroyed_once(site, cast, zone, moment, kills):
    for number in range(kills):
        made = site.send(cast.generate_keys(site.at, zone, (f"pair {number}", "ec-p256", ("sign",))))
        [key] = [(key["id"], key["label"]) for key in made.results["keys"]]
        message = carrying(cast.destroy_keys(site.at, zone, key))
        site.stop()
        deliver_and_kill(site, message.text(), moment)
        assert settle(site, message).outcome == "done"
        assert site.node.parts.executor._hands.driver(PAYMENTS.id).list_keys() == []
        check_whole(site)


@pytest.mark.parametrize("moment", ["during the act", "in a driver call"])
def test_slots_are_created_once(make_site, cast, moment, kills):
    site = make_site(drivers=real_drivers, slots=1000).serving()
    for number in range(kills):
        zone = cast.zone(named(f"Zone {number}"))
        message = carrying(cast.create_slot(site.at, zone, slot=named(f"Slot {number}")), zone)
        site.stop()
        deliver_and_kill(site, message.text(), moment)
        receipt = settle(site, message)
        assert receipt.outcome == "done", (receipt.code, receipt.detail)
        slot = slot_of(site, zone)
        in_force = {slot.backup_key_id: receipt.results["backup_key"]["kcv"]}
        assert backup_keys_in_hsm(site, zone, [slot.backup_key_id]) == in_force
        assert site.node.parts.zones.driver(slot.zone.id).list_keys() == []
        check_whole(site)


@pytest.mark.parametrize("moment", MOMENTS)
def test_keys_are_restored_once(site, cast, zone, moment, few_kills):
    names = [("pair", "ec-p256", ("sign",)), ("secret", "aes-256", ("encrypt",))]
    site.send(cast.generate_keys(site.at, zone, *names))
    backup = back_up(site, cast, zone)
    destroy(site, cast, zone, backup, "secret")
    for _ in range(few_kills):
        plan = {"pair": "replace", "secret": "create"}
        message = enclosing(restore_backup(cast, site.at, zone, backup, plan), backup)
        site.stop()
        deliver_and_kill(site, message.text(), moment)
        receipt = settle(site, message)
        assert receipt.outcome == "done", (receipt.code, receipt.detail)
        assert site.node.parts.store.rows("SELECT * FROM enclosed") == []
        check_whole(site)
        assert back_up(site, cast, zone).manifest.keys == backup.manifest.keys
        give(site, verify_backup(cast, site.at, zone, backup), backup)
        assert len(keys_in(site)) == 2
        destroy(site, cast, zone, backup, "secret")


@pytest.mark.parametrize("moment", ["during the act", "in a driver call", "after the signature"])
def test_backups_are_taken_once(site, cast, zone, moment, few_kills):
    site.send(cast.generate_keys(site.at, zone, ("pair", "ec-p256", ("sign",))))
    for _ in range(few_kills):
        message = carrying(take_backup(cast, site.at, zone))
        site.stop()
        deliver_and_kill(site, message.text(), moment)
        assert settle(site, message).outcome == "done"
        [said] = site.deliver(message).said
        assert read_backup(canonical.b64u_decode(said.attachments[0].data)).manifest.keys
        check_whole(site)


@pytest.mark.parametrize("moment", MOMENTS)
def test_applications_are_admitted_once(site, cast, zone, moment, few_kills):
    made = site.send(cast.generate_keys(site.at, zone, ("pair", "ec-p256", ("sign",))))
    [key] = [(key["id"], key["label"], ("sign",)) for key in made.results["keys"]]
    for number in range(few_kills):
        webshop = Application.make(f"webshop {number}")
        message = carrying(admit_application(cast, site.at, zone, webshop, [key]))
        site.stop()
        deliver_and_kill(site, message.text(), moment)
        receipt = settle(site, message)
        assert receipt.outcome == "done", (receipt.code, receipt.detail)
        assert [one.key_id.hex() for one in token_of(site, webshop).list_keys()] == [key[0]]
        assert len(site.node.served) == number + 1
        assert len(keys_in(site)) == 1
        check_whole(site)
