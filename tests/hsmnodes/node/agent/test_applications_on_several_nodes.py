"""One application on every node of a zone, under one warrant: the same keys, and the same PIN."""

import pytest

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.applications import pin_context
from hsmnodes.node.protocol.documents import Kit, NodeSigned
from hsmnodes.node.protocol.purposes import Purpose
from hsmnodes.node.protocol.sealing import lock, open_sealed
from tests.cast.applications import Application, admit_application, remove_application
from tests.cast.charters import DEPLOYMENT
from tests.cast.people import CUSTODIANS
from tests.hsmnodes.node.agent.making import CountingDrivers, real_drivers
from tests.hsmnodes.node.agent.stepping import Carrier
from tests.hsmnodes.node.agent.test_several_nodes import Trio
from tests.hsmnodes.node.endpoint.kits import files_of


@pytest.fixture
def zone(cast):
    return cast.zone(members=CUSTODIANS)


@pytest.fixture(params=[CountingDrivers, real_drivers], ids=["fake", "softhsm2"])
def drivers(request):
    return request.param


class Admissions(Trio):
    """Three nodes of a zone with a key, and an application that is to be on all of them."""

    def __init__(self, make_site, cast, zone, drivers=CountingDrivers) -> None:
        super().__init__(make_site, cast, zone, drivers)
        assert self.generating(("cards", "ec-p256", ("sign",))).carry().outcome == "done"
        [self.key] = self.sites[0].facts.holdings.keys.values()
        self.webshop = Application.make()

    def admitting(self, **changes) -> Carrier:
        asked = [(self.key.id, "cards", ("sign",))]
        return self._carrier(admit_application, self.webshop, asked, **changes)

    def removing(self) -> Carrier:
        return self._carrier(remove_application, self.webshop.named)

    def _carrier(self, make, *what, **changes) -> Carrier:
        warrant = make(self.cast, self.sites[0].at, self.zone, *what, others=self.others, **changes)
        return Carrier(warrant, self.sites, [self.zone])

    def pins(self) -> list[str]:
        """The PIN of its token, as each node keeps it."""
        name = f"application/{self.webshop.named.id}/user-pin"
        return [site.node.parts.zones._vault.known_pin(name) for site in self.sites]

    def beside(self, admitting: Carrier, step: int) -> dict[str, bytes]:
        came = admitting.said[step].attachments
        return {one.name.split(".")[1]: canonical.b64u_decode(one.data) for one in came}

    def served(self) -> list[int]:
        return [len(site.node.served) for site in self.sites]


@pytest.fixture
def trio(make_site, cast, zone):
    return Admissions(make_site, cast, zone)


def test_it_is_on_every_node_with_the_same_pin(make_site, cast, zone, drivers):
    trio = Admissions(make_site, cast, zone, drivers)
    receipt = trio.admitting().carry()
    assert receipt.outcome == "done", receipt
    assert len(set(trio.pins())) == 1
    for site in trio.sites:
        applications = site.node.parts.zones.applications
        driver = site.pool.get(applications.folder.token(trio.webshop.named.id))
        driver.open(trio.webshop.named.id, lambda: trio.pins()[0])
        assert [key.label for key in driver.list_keys()] == ["cards"]
    assert trio.served() == [1, 1, 1]


def test_the_pin_reaches_the_application_from_each_and_nobody_else(trio):
    admitting = trio.admitting()
    assert admitting.carry().outcome == "done"
    [pin] = set(trio.pins())
    for step, site in enumerate(trio.sites):
        context = pin_context(
            deployment=DEPLOYMENT,
            node=site.config.node,
            zone=admitting.operation.read(admitting.proposal.parameters).zone,
            application=trio.webshop.named,
        )
        key = trio.webshop.sealing_key.private_bytes_raw()
        assert open_sealed(trio.beside(admitting, step)["pin"], key, context).decode() == pin
    assert pin.encode() not in b"".join(admitting.beside.values())
    assert "shared" not in trio.beside(admitting, 1)


def test_each_kit_names_all_nodes_that_people_signed_for(trio):
    admitting = trio.admitting()
    assert admitting.carry().outcome == "done"
    for step, site in enumerate(trio.sites):
        signed = NodeSigned.from_bytes(files_of(trio.beside(admitting, step)["kit"])["kit.json"])
        kit = Kit.from_bytes(site.verified(signed, Purpose.KIT))
        assert kit.nodes == admitting.proposal.nodes
        assert canonical.sha256_hex(canonical.b64u_decode(kit.identity)) == kit.nodes[step].identity


def test_a_node_that_is_away_gets_it_when_it_is_back(trio):
    admitting, (_, away, _) = trio.admitting(), trio.sites
    assert admitting.take(0).outcome == "done"
    away.stop()
    assert admitting.take(2).outcome == "done"
    away.start()
    trio.cluster.beat()
    assert admitting.take(1).outcome == "done"
    assert len(set(trio.pins())) == 1


def test_what_breaks_off_is_finished_with_the_same_pin(trio):
    admitting, broken = trio.admitting(), []
    assert admitting.take(0).outcome == "done"

    def fault(method):
        from hsmnodes.node.drivers.errors import DriverDied

        if method == "make_copies" and not broken:
            broken.append(method)
            raise DriverDied("the driver process died")

    trio.sites[1].pool.fault = fault
    assert admitting.take(1).outcome == "done"
    assert broken
    assert admitting.take(2).outcome == "done"
    assert len(set(trio.pins())) == 1


def test_a_pin_that_was_altered_or_that_another_locked_is_not_taken(trio):
    admitting = trio.admitting()
    assert admitting.take(0).outcome == "done"
    locked = trio.beside(admitting, 0)["shared"]
    foreign = lock(b"a" * 26, bytes(32), {"type": "quorate/application-pin-of-a-zone/v1"})
    for wrong in (foreign, locked[:-1], b"", bytes([locked[0] ^ 1]) + locked[1:]):
        said = admitting.take(1, enclosures=(canonical.b64u(wrong),))
        assert said.outcome == "refused", said
    assert trio.served() == [1, 0, 0]
    assert admitting.take(1).outcome == "done"


def test_a_first_node_that_locks_another_pin_fails_the_second_and_leaves_nothing(trio, monkeypatch):
    """Only a node with the zone's backup key could: what it locks still has to be a PIN."""
    from hsmnodes.node.agent import applications

    monkeypatch.setattr(applications, "lock", lambda _pin, secret, context: lock(b"../x", secret, context))
    admitting = trio.admitting()
    assert admitting.take(0).outcome == "done"
    monkeypatch.undo()
    assert admitting.take(1).outcome == "failed"
    assert trio.served() == [1, 0, 0]
    second = trio.sites[1].node.parts.zones
    assert second._vault.names("application/") == []
    assert list(second.applications.folder.tokens.iterdir()) == []


def test_removing_it_removes_it_everywhere(trio):
    assert trio.admitting().carry().outcome == "done"
    assert trio.removing().carry().outcome == "done"
    assert trio.served() == [0, 0, 0]


def test_it_does_not_come_to_a_node_where_it_was_removed_before_it_came(trio):
    admitting, removing = trio.admitting(), trio.removing()
    assert admitting.take(0).outcome == "done"
    assert removing.carry().outcome == "done"
    assert admitting.take(1).code == "id-in-use"
    assert trio.served() == [0, 0, 0]
    assert trio.sites[1].start().facts.holdings.removed_applications == {trio.webshop.named.id}


def test_without_the_first_receipt_nothing_is_admitted(trio):
    admitting = trio.admitting()
    assert admitting.take(0).outcome == "done"
    assert admitting.take(1, receipts=()).outcome == "refused"
    assert trio.served() == [1, 0, 0]
