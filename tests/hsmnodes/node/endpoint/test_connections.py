"""Who is let through to a token, and who is not, with an entry in the log."""

import time
from contextlib import suppress

import psutil
import pytest

from hsmnodes.node.protocol.documents import Heartbeat
from tests.cast.applications import Application
from tests.cast.people import named
from tests.hsmnodes.node.endpoint.serving import connected, live, served, wait_for
from tests.hsmnodes.node.endpoint.tls import reaches_a_token

CUT = {"DeviceError", "DeviceRemoved"}


@pytest.fixture
def attempt(node, caplog):
    """Tries to reach a token; what the log says of it."""
    caplog.set_level("INFO", logger="hsmnodes.node.endpoint")

    def try_it(application, zone=None) -> str:
        caplog.clear()
        assert not reaches_a_token(node.port, zone or node.zone_id, application)
        wait_for(lambda: "refused" in caplog.text or "ended=PR" in caplog.text)
        return caplog.text

    return try_it


@pytest.fixture
def shop(node):
    """An application whose keys this test knows, admitted and served."""
    application = Application.make(f"shop {time.monotonic_ns()}")
    receipt, _ = node.admit(application, ("orders", ("sign",)))
    assert receipt.outcome == "done", receipt
    wait_for(lambda: reaches_a_token(node.port, node.zone_id, application))
    return application


def test_an_admitted_certificate_is_let_through(node, shop):
    assert reaches_a_token(node.port, node.zone_id, shop)


def test_without_a_certificate_nobody_is(attempt, shop):
    assert "peer did not return a certificate" in attempt(None)


def test_a_certificate_that_was_not_admitted_is_not(attempt, shop):
    assert "certificate verify failed" in attempt(Application.make("webshop"))


def test_a_certificate_with_the_names_of_an_admitted_one_is_not(attempt, shop):
    assert "certificate verify failed" in attempt(Application.make(shop.named.name))


def test_an_expired_certificate_is_not_though_the_node_s_clock_stands_still(node, attempt):
    application = Application.make("short-lived", valid_seconds=3_600 + 20)
    receipt, _ = node.admit(application, ("orders", ("sign",)))
    assert receipt.outcome == "done", receipt
    wait_for(lambda: reaches_a_token(node.port, node.zone_id, application), seconds=15)
    time.sleep(max(0, application.request["valid_until"] - time.time()) + 1)
    assert "verify=10" in attempt(application)  # X509_V_ERR_CERT_HAS_EXPIRED


def test_a_zone_that_is_not_served_has_no_name_here(node, attempt, shop):
    assert "callback failed" in attempt(shop, zone=named("Nowhere").id)


def test_another_customer_s_application_does_not_reach_this_zone_nor_this_one_that_zone(node, attempt, shop):
    ledger, theirs = node.with_ledger(), Application.make("ledger")
    receipt = node.admit_to_ledger(ledger, theirs, "entries")
    assert receipt.outcome == "done", receipt
    there = ledger.current.authority.id
    wait_for(lambda: reaches_a_token(node.port, there, theirs))
    assert "certificate verify failed" in attempt(theirs)
    assert "certificate verify failed" in attempt(shop, zone=there)


def test_a_removed_application_is_cut_within_seconds_and_not_let_through_again(node, connect, attempt):
    host = connect("leaving", ("orders", ("sign",)))
    program = live(host)
    assert node.remove(host.application).outcome == "done"
    began = time.monotonic()
    assert program.stdout.readline().strip() in CUT
    assert time.monotonic() - began < 5
    assert not host.is_served()
    assert not node.site.node.parts.zones.applications.folder.token(host.token).exists()


def test_the_sessions_that_are_open_are_counted_in_the_heartbeat(node, connect):
    def figures():
        [said] = [one for one in node.site.node.heartbeat() if one.kind == "heartbeat"]
        return Heartbeat.from_bytes(said.envelope.payload_bytes).figures

    host = connect("counted", ("orders", ("sign",)))
    before = figures().sessions
    program = live(host)
    wait_for(lambda: figures().sessions == before + 1)
    assert figures().applications >= 1
    program.kill()
    wait_for(lambda: figures().sessions == before)


def test_a_suspended_application_is_cut_within_seconds_and_let_through_again_only_when_a_quorum_says_so(
    node, connect, shop, attempt
):
    host = connect("in doubt", ("orders", ("sign",)))
    program = live(host)
    began = time.monotonic()
    suspension = node.suspend(host.application)
    assert program.stdout.readline().strip() in CUT
    assert time.monotonic() - began < 5
    assert not host.is_served()
    assert reaches_a_token(node.port, node.zone_id, shop)
    assert node.site.node.parts.zones.applications.folder.has_token(host.token)
    assert node.resume(host.application, suspension).outcome == "done"
    wait_for(host.is_served)
    node.suspend(shop)
    wait_for(lambda: not reaches_a_token(node.port, node.zone_id, shop))
    time.sleep(1)  # it goes from its own server first, and then from the front
    assert "certificate verify failed" in attempt(shop)


def test_changes_that_follow_each_other_at_once_are_all_served(node, shop):
    """HAProxy misses a signal to read its configuration while it reads it."""
    suspension = node.suspend(shop)
    time.sleep(0.4)  # it is about to read
    assert node.resume(shop, suspension).outcome == "done"
    wait_for(lambda: reaches_a_token(node.port, node.zone_id, shop))


def test_the_log_says_why_the_sessions_of_one_ended(node, connect, caplog):
    caplog.set_level("INFO", logger="hsmnodes.node.endpoint")
    suspended, removed = (connect(name, ("orders", ("sign",))) for name in ("to suspend", "to remove"))
    node.suspend(suspended.application)
    assert node.remove(removed.application).outcome == "done"
    for host, why in ((suspended, "suspended"), (removed, "removed")):
        wait_for(lambda host=host: f"The sessions of application {host.token} are ended" in caplog.text)
        [line] = [one for one in caplog.messages if host.token in one and "are ended" in one]
        assert why in line


def test_the_others_stay_connected_when_one_is_removed(node, connect, shop):
    host = connect("staying", ("orders", ("sign",)))
    program = live(host)
    assert node.remove(shop).outcome == "done"
    wait_for(lambda: not reaches_a_token(node.port, node.zone_id, shop))
    time.sleep(1)
    assert program.poll() is None


def test_a_session_is_cut_when_its_certificate_expires(tmp_path):
    with served() as node, connected(node, tmp_path, "expiring", ("orders", ("sign",))) as host:
        program = live(host)
        node.site.clock.now = host.application.request["valid_until"]
        assert program.stdout.readline().strip() in CUT
        assert not host.is_served()


def test_an_endpoint_that_was_killed_serves_again(node, connect):
    host = connect("patient", ("orders", ("sign",)))
    for process in node.endpoint_processes():
        with suppress(psutil.NoSuchProcess):
            process.kill()
    wait_for(host.is_served)


def test_a_node_that_starts_again_serves_what_its_journal_says(node, connect):
    host, gone = connect("lasting", ("orders", ("sign",))), connect("passing", ("orders", ("sign",)))
    assert node.remove(gone.application).outcome == "done"
    node.restart()
    wait_for(host.is_served)
    assert not gone.is_served()
