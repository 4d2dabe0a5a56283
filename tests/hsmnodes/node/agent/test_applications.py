"""Applications on a node: who is admitted to what, what is made for them, and what becomes of it."""

import pytest

from hsmnodes.node.agent.errors import NodeError
from hsmnodes.node.agent.readiness import Readiness
from hsmnodes.node.drivers.errors import DriverDied, DriverError
from hsmnodes.node.operations.holdings import UsableKey
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.applications import pin_context
from hsmnodes.node.protocol.documents import Kit, NodeSigned
from hsmnodes.node.protocol.errors import ShareRefused
from hsmnodes.node.protocol.purposes import Purpose
from hsmnodes.node.protocol.sealing import open_sealed
from tests.cast.applications import Application, admit_application, remove_application
from tests.cast.charters import DEPLOYMENT
from tests.cast.moving import extend_zone
from tests.cast.people import CUSTODIANS, make_id, named
from tests.hsmnodes.node.agent.making import carrying
from tests.hsmnodes.node.agent.moving import Pair
from tests.hsmnodes.node.agent.rotating import stated_key
from tests.hsmnodes.node.agent.stepping import Carrier
from tests.hsmnodes.node.endpoint.kits import files_of

KEYS = (("orders", "ec-p256", ("sign",)), ("letters", "rsa-2048", ("decrypt", "sign")))


@pytest.fixture
def zone(cast):
    return cast.zone()


@pytest.fixture
def site(make_site, cast, zone):
    """A node with a zone that has two keys."""
    site = make_site().with_zone(zone)
    assert site.send(cast.generate_keys(site.at, zone, *KEYS)).outcome == "done"
    return site


@pytest.fixture
def keys(site):
    """The ids of the keys, by label."""
    return {key.label: key.id for key in site.facts.holdings.keys.values()}


@pytest.fixture
def admit(site, cast, zone, keys):
    """Admits an application; the receipt, and what came beside it, by how its name ends."""

    def admit_it(webshop, *asked, **changes):
        wanted = [(keys[label], label, usages) for label, usages in asked or [("orders", ("sign",))]]
        [said] = site.deliver(
            carrying(admit_application(cast, site.at, zone, webshop, wanted, **changes))
        ).said
        beside = {one.name.split(".")[1]: canonical.b64u_decode(one.data) for one in said.attachments}
        return site.read(said), beside

    return admit_it


def token_of(site, application):
    """The open driver of an application's token, as nobody but a test opens it."""
    applications = site.node.parts.zones.applications
    driver = site.pool.get(applications.folder.token(application.named.id))
    pin = site.node.parts.zones._vault.known_pin(f"application/{application.named.id}/user-pin")
    driver.open(application.named.id, lambda: pin)
    return driver


def test_it_gets_a_token_with_just_the_keys_and_usages_that_were_admitted(site, admit, keys):
    webshop = Application.make()
    receipt, _ = admit(webshop, ("letters", ("sign",)))
    assert receipt.outcome == "done", receipt
    [copy] = token_of(site, webshop).list_keys()
    assert (copy.key_id.hex(), copy.label, copy.usages) == (keys["letters"], "letters", {"sign"})
    assert not copy.attributes["extractable"]


def test_the_node_notes_what_was_decided(site, admit, keys, zone):
    webshop = Application.make()
    admit(webshop, ("letters", ("sign",)), ("orders", ("sign",)))
    [noted] = site.start().facts.holdings.living_applications()
    assert noted.named == webshop.named
    assert noted.zone.id == zone.current.authority.id
    assert noted.keys == (
        UsableKey(keys["letters"], "letters", ("sign",)),
        UsableKey(keys["orders"], "orders", ("sign",)),
    )


def test_its_pin_reaches_it_alone(site, admit, zone):
    webshop, other = Application.make(), Application.make("tills")
    receipt, beside = admit(webshop)
    about = {"deployment": DEPLOYMENT, "node": site.config.node, "application": webshop.named}
    context = pin_context(zone=named(zone.current.authority.name), **about)
    pin = open_sealed(beside["pin"], webshop.sealing_key.private_bytes_raw(), context).decode()
    assert len(pin) == 26
    assert pin not in receipt.raw.decode()
    assert canonical.sha256_hex(beside["pin"]) == receipt.results["pin_sha256"]
    with pytest.raises(ShareRefused):
        open_sealed(beside["pin"], other.sealing_key.private_bytes_raw(), context)
    with pytest.raises(ShareRefused):
        open_sealed(
            beside["pin"], webshop.sealing_key.private_bytes_raw(), context | {"application": make_id("x")}
        )


def test_every_application_has_a_pin_of_its_own(site, admit):
    one, other = Application.make(), Application.make("tills")
    admit(one)
    admit(other)
    vault = site.node.parts.zones._vault
    pins = {vault.known_pin(f"application/{each.named.id}/user-pin") for each in (one, other)}
    assert len(pins) == 2


def test_its_kit_is_signed_by_the_node(site, admit):
    webshop = Application.make()
    receipt, beside = admit(webshop)
    assert canonical.sha256_hex(beside["kit"]) == receipt.results["kit_sha256"]
    signed = NodeSigned.from_bytes(files_of(beside["kit"])["kit.json"])
    kit = Kit.from_bytes(site.verified(signed, Purpose.KIT))
    assert kit.application == webshop.named
    assert canonical.b64u_decode(kit.identity) == site.at.identity


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"public_key": "ab" * 32}, "other-certificate"),
        ({"valid_until": 1_900_000_000}, "other-certificate"),
        ({"valid_from": 1_700_000_000}, "other-certificate"),
        ({"certificate": canonical.b64u(bytes(300))}, "bad-certificate"),
        ({"sealing_key": canonical.b64u(bytes(31))}, "bad-field"),
        ({"keys": []}, "bad-field"),
        ({"keys": [{"id": make_id("none"), "label": "orders", "usages": ["sign"]}]}, "no-such-key"),
    ],
)
def test_what_does_not_hold_is_refused_and_makes_nothing(site, admit, changes, code):
    acts = site.pool.acts
    receipt, beside = admit(Application.make(), **changes)
    assert (receipt.outcome, receipt.code, beside) == ("refused", code, {})
    assert site.pool.acts == acts
    assert site.facts.holdings.applications == {}


def test_a_key_has_to_have_the_label_that_people_read(site, admit, keys):
    wrong = [{"id": keys["orders"], "label": "letters", "usages": ["sign"]}]
    assert admit(Application.make(), keys=wrong)[0].code == "other-name"


def test_a_key_is_not_used_as_its_kind_cannot_be(admit):
    assert admit(Application.make(), ("orders", ("decrypt",)))[0].code == "no-such-usage"


def test_a_key_stands_once(admit):
    assert admit(Application.make(), ("orders", ("sign",)), ("orders", ("sign",)))[0].code == "key-twice"


def test_a_key_that_was_destroyed_is_not_admitted_to(site, cast, zone, admit, keys):
    site.send(cast.destroy_keys(site.at, zone, (keys["orders"], "orders")))
    assert admit(Application.make())[0].code == "no-such-key"


def test_an_expired_certificate_is_refused(site, admit, cast):
    gone = Application.make(valid_seconds=3_600 - 10)
    assert admit(gone)[0].code == "expired"


def test_ids_names_and_keys_of_applications_are_not_used_twice(admit):
    webshop = Application.make()
    admit(webshop)
    again = Application.make()
    assert admit(again)[0].code == "id-in-use"
    renamed = {"id": make_id("new"), "name": "Webshop"}
    assert admit(again, application=renamed)[0].code == "name-in-use"
    assert admit(webshop, application=named("tills").model_dump())[0].code == "key-in-use"


def test_whose_key_it_is_in_another_zone_is_not_said(site, cast, admit):
    """Who has the certificate of another's application does not learn from a refusal what it is called."""
    webshop, other = Application.make(), cast.zone(named("Payroll"))
    admit(webshop)
    assert site.send(cast.create_slot(site.at, other, slot=named("Slot 2")), other).outcome == "done"
    assert site.send(cast.generate_keys(site.at, other, ("wages", "ec-p256", ("sign",)))).outcome == "done"
    [wages] = site.facts.holdings.keys_of(other.current.authority.id)
    asked = [(wages.id, "wages", ("sign",))]
    spied = admit_application(cast, site.at, other, webshop, asked, application=named("tills").model_dump())
    refused = site.send(spied)
    assert refused.code == "key-in-use"
    assert webshop.named.name not in refused.detail


def test_a_node_without_an_endpoint_admits_nobody(make_site, cast, zone):
    site = make_site(endpoint=None).with_zone(zone)
    made = site.send(cast.generate_keys(site.at, zone))
    [key] = made.results["keys"]
    asked = [(key["id"], key["label"], ("sign",))]
    warrant = admit_application(cast, site.at, zone, Application.make(), asked)
    assert site.send(warrant).code == "no-endpoint"
    assert site.node.served == ()


def test_removing_it_leaves_nothing_of_its_token(site, admit, cast, zone):
    webshop = Application.make()
    admit(webshop)
    directory = site.node.parts.zones.applications.folder.token(webshop.named.id)
    assert directory.exists()
    assert [one.application for one in site.node.served] == [webshop.named.id]
    assert site.send(remove_application(cast, site.at, zone, webshop.named)).outcome == "done"
    assert not directory.exists()
    assert site.node.served == ()
    assert site.node.parts.zones._vault.names(f"application/{webshop.named.id}") == []
    again = remove_application(cast, site.at, zone, webshop.named)
    assert site.send(again).code == "no-such-application"


def test_it_is_removed_by_its_id_and_its_name(site, admit, cast, zone):
    webshop = Application.make()
    admit(webshop)
    other = webshop.named.model_copy(update={"name": "tills"})
    assert site.send(remove_application(cast, site.at, zone, other)).code == "other-name"
    assert site.send(remove_application(cast, site.at, zone, named("tills"))).code == "no-such-application"


def test_copies_go_with_the_key_before_it_is_said_to_be_destroyed(site, admit, cast, zone, keys):
    webshop = Application.make()
    admit(webshop, ("orders", ("sign",)), ("letters", ("sign",)))
    assert site.send(cast.destroy_keys(site.at, zone, (keys["orders"], "orders"))).outcome == "done"
    assert [key.label for key in token_of(site, webshop).list_keys()] == ["letters"]
    [served] = site.node.served
    assert served.keys == (keys["letters"],)


def test_a_failure_leaves_nothing(site, admit):
    webshop = Application.make()

    def fault(method):
        if method == "make_copies":
            raise DriverError("the HSM is full")

    site.pool.fault = fault
    receipt, beside = admit(webshop)
    assert (receipt.outcome, beside) == ("failed", {})
    assert list(site.node.parts.zones.applications.folder.tokens.iterdir()) == []
    assert site.node.parts.zones._vault.names("application/") == []
    site.pool.fault = lambda _method: None
    assert site.facts.holdings.applications == {}


@pytest.mark.parametrize("method", ["wrap_for_copying", "initialise", "make_copies"])
def test_an_attempt_that_broke_off_is_finished_with_one_token(site, admit, method):
    webshop, broken = Application.make(), []

    def fault(called):
        if called == method and not broken:
            broken.append(called)
            raise DriverDied("the driver process died")

    site.pool.fault = fault
    receipt, beside = admit(webshop)
    assert broken
    assert receipt.outcome == "done", receipt
    assert set(beside) == {"pin", "kit"}
    assert [key.label for key in token_of(site, webshop).list_keys()] == ["orders"]


def test_a_token_that_is_lost_is_made_again_with_the_same_pin(site, admit):
    webshop = Application.make()
    admit(webshop)
    pin = site.node.parts.zones._vault.known_pin(f"application/{webshop.named.id}/user-pin")
    folder = site.node.parts.zones.applications.folder
    folder.remove_token(webshop.named.id)
    site.start().node.advance()
    assert site.node.parts.zones._vault.known_pin(f"application/{webshop.named.id}/user-pin") == pin
    assert [key.label for key in token_of(site, webshop).list_keys()] == ["orders"]


def test_what_no_journal_knows_is_not_kept(site):
    stray = site.node.parts.zones.applications.folder.token(make_id("stray"))
    stray.mkdir()
    (stray / "softhsm2.conf").write_text("")
    site.node.advance()
    assert not stray.exists()


@pytest.mark.parametrize(
    ("member", "value"),
    [("against", "A peer knows more of this journal."), ("state", lambda _self, _now: "starting")],
    ids=["it was rewound", "its peers have not answered yet"],
)
def test_nothing_is_served_while_the_node_may_not_act(site, admit, monkeypatch, member, value):
    admit(Application.make())
    assert len(site.node.served) == 1
    monkeypatch.setattr(Readiness, member, value)
    site.node.advance()
    assert site.node.served == ()


def test_applications_go_with_their_zone_and_do_not_come_back_with_it(make_site, cast):
    zone = cast.zone(members=CUSTODIANS)
    pair = Pair(make_site, cast, zone)
    assert pair.extending().carry().outcome == "done"
    first, key = pair.first, next(iter(pair.first.facts.holdings.keys.values()))
    asked = [(key.id, key.label, ("sign",))]
    assert first.send(admit_application(cast, first.at, zone, Application.make(), asked)).outcome == "done"
    assert len(first.node.served) == 1
    assert pair.withdrawing().carry().outcome == "done"
    assert first.node.served == ()
    assert list(first.node.parts.zones.applications.folder.tokens.iterdir()) == []
    assert first.node.parts.zones._vault.names("application/") == []
    slot = named("Slot 9").model_dump()
    back = extend_zone(cast, first.at, pair.second.at, zone, **stated_key(pair.second, zone), slot=slot)
    assert Carrier(back, pair.sites, [zone]).carry().outcome == "done"
    assert first.node.served == ()


def test_a_token_that_cannot_be_made_is_not_served_and_stops_no_other(site, admit):
    one, other = Application.make(), Application.make("tills")
    admit(one)
    admit(other)
    site.node.parts.zones.applications.folder.remove_token(one.named.id)

    def fault(method):
        if method == "make_copies":
            raise DriverError("the HSM is full")

    site.pool.fault = fault
    site.node.advance()
    assert [each.application for each in site.node.served] == [other.named.id]
    site.pool.fault = lambda _method: None
    site.node.advance()
    assert {each.application for each in site.node.served} == {one.named.id, other.named.id}


def test_a_node_with_applications_does_not_start_without_its_endpoint(site, admit):
    admit(Application.make())
    site.stop()
    site.config = site.config.model_copy(update={"endpoint": None})
    with pytest.raises(NodeError):
        site.start()
