"""What breaks off is settled by looking at what there is; what cannot be is called indeterminate."""

import pytest

from hsmnodes.node.agent.journal import Draft
from hsmnodes.node.drivers.errors import DirectoryInUse, DriverDied, DriverError, DriverTimeout, TokenNotFound
from hsmnodes.node.operations.key.generate import operation
from hsmnodes.node.operations.key.making import key_id
from hsmnodes.node.protocol import canonical
from tests.cast.deployment import PAYMENTS
from tests.hsmnodes.node.agent.making import CountingDrivers, carrying
from tests.hsmnodes.node.agent.test_refusals import proposed

TWO = [("one", "ec-p256", ("sign",)), ("two", "aes-256", ("encrypt",))]


def keys_in(site):
    return site.node.parts.executor._hands.driver(PAYMENTS.id).list_keys()


def fail_at(site, method, error, *, times=1, after=0):
    """Make calls of `method` fail: `times` of them, after the first `after`."""
    calls = {"left": times, "before": after}

    def fault(called):
        if called == method and calls["before"]:
            calls["before"] -= 1
        elif called == method and calls["left"]:
            calls["left"] -= 1
            raise error

    site.pool.fault = fault


@pytest.mark.parametrize("error", [DriverDied("it died"), DriverTimeout("too slow")], ids=["died", "timeout"])
@pytest.mark.parametrize("after", [0, 1])
def test_a_driver_that_goes_away_is_looked_after_and_the_keys_are_made(site, cast, zone, error, after):
    fail_at(site, "generate_key", error, after=after)
    receipt = site.send(cast.generate_keys(site.at, zone, *TWO))
    assert receipt.outcome == "done"
    assert [key.label for key in keys_in(site)] == ["one", "two"]


def test_a_failure_takes_back_what_was_made(site, cast, zone):
    fail_at(site, "generate_key", DriverError("no memory", ck=0x31), after=1)
    receipt = site.send(cast.generate_keys(site.at, zone, *TWO))
    assert (receipt.outcome, receipt.code) == ("failed", "ckr-device-memory")
    assert keys_in(site) == []
    assert site.send(cast.generate_keys(site.at, zone, *TWO)).outcome == "done"  # a new proposal, same names


def test_what_cannot_be_taken_back_nor_finished_is_indeterminate(site, cast, zone):
    good = cast.generate_keys(site.at, zone, *TWO)
    fail_at(site, "wrap_keys", DriverError("broken", ck=0x30), times=9)
    plain = site.pool.fault

    def fault(called):
        plain(called)
        if called == "destroy_key":
            raise DriverError("broken", ck=0x30)

    site.pool.fault = fault
    receipt = site.send(good)
    assert (receipt.outcome, receipt.code) == ("indeterminate", "ckr-device-error")
    site.pool.fault = lambda _called: None
    assert site.send(good) == receipt  # it is never tried again by itself
    assert not site.facts.holdings.keys


def test_a_destruction_that_fails_halfway_is_gone_on_with(site, cast, zone):
    keys = site.send(cast.generate_keys(site.at, zone, *TWO)).results["keys"]
    fail_at(site, "destroy_key", DriverError("busy", ck=0x05), after=1)
    receipt = site.send(cast.destroy_keys(site.at, zone, *((key["id"], key["label"]) for key in keys)))
    assert receipt.outcome == "done"
    assert keys_in(site) == []


def test_a_slot_that_cannot_be_made_leaves_nothing_behind(make_site, cast, zone):
    site = make_site().serving()
    fail_at(site, "install_backup_key", DriverError("no memory", ck=0x31))
    warrant = cast.create_slot(site.at, zone)
    assert site.send(warrant, zone).outcome == "failed"
    assert not (site.config.state / "zones" / PAYMENTS.id).exists()
    assert site.node.parts.store.rows("SELECT name FROM vault") == []
    assert site.send(cast.create_slot(site.at, zone), zone).outcome == "done"


def test_a_head_that_cannot_be_kept_in_the_hsm_stops_the_act(site, cast, zone):
    fail_at(site, "write_record", DriverError("no memory", ck=0x31))
    assert site.send(cast.generate_keys(site.at, zone)).outcome == "failed"
    assert not site.pool.calls["generate_key"]


def test_a_receipt_that_cannot_be_signed_comes_with_the_next_question(site, cast, zone):
    message = carrying(cast.generate_keys(site.at, zone))
    fail_at(site, "sign_identity", TokenNotFound("gone"), after=1, times=2)  # the first is on the backup
    assert site.deliver(message).said == []
    [said] = site.deliver(message).said
    assert site.read(said).outcome == "done"
    assert site.pool.calls["generate_key"] == 1


def test_a_token_that_a_dying_driver_still_holds_is_looked_into_again(site, cast, zone):
    fail_at(site, "generate_key", DriverDied("it died"))
    broken, died = site.pool.fault, {"find_key": 2}

    def fault(called):
        broken(called)
        if died.get(called):
            died[called] -= 1
            raise DirectoryInUse("somebody holds it")

    site.pool.fault = fault
    assert site.send(cast.generate_keys(site.at, zone)).outcome == "done"
    assert died == {"find_key": 0}


def write_intent(site, warrant):
    """The journal as a crash right after the intent leaves it."""
    body = {
        "proposal": proposed(warrant).proposal,
        "step": 0,
        "proposal_hash": proposed(warrant).sha256,
        "warrant": canonical.b64u(warrant.raw),
    }
    site.node.parts.ledger.write([Draft("intent", body, (body["proposal"], 0))])


def test_after_a_start_what_broke_off_is_settled_first(site, cast, zone):
    good = cast.generate_keys(site.at, zone)
    write_intent(site, good)
    site.start()
    [said] = site.node.advance()
    assert site.read(said).outcome == "done"
    assert site.deliver(carrying(good)).said == [said]
    assert site.facts.open_intents == {}


def test_half_a_key_pair_is_removed_and_made_anew(site, cast, zone):
    good = cast.generate_keys(site.at, zone)
    driver = site.node.parts.executor._hands.driver(PAYMENTS.id)
    site.send(good)
    half = cast.generate_keys(site.at, zone, ("half", "ec-p256", ("sign",)))

    [spec] = operation.specs(proposed(half).proposal, operation.read(proposed(half).parameters))
    driver.generate_key(spec)
    driver.lose_public_half(key_id(proposed(half).proposal, 0))
    write_intent(site, half)
    site.start()
    [said] = site.node.advance()
    assert site.read(said).outcome == "done"
    assert all(key.complete for key in keys_in(site))


def test_what_cannot_be_settled_at_a_start_is_indeterminate(site, cast, zone):
    good = cast.generate_keys(site.at, zone)
    write_intent(site, good)
    site.start()
    fail_at(site, "find_key", DriverError("broken", ck=0x30), times=9)
    [said] = site.node.advance()
    assert site.read(said).outcome == "indeterminate"
    assert isinstance(site.pool, CountingDrivers)
    assert not site.pool.calls["generate_key"]
