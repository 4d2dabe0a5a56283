"""An application on a node that its zone came to later: the same keys and PIN, kits that name them all."""

import pytest

from hsmnodes.node.drivers.errors import DriverDied
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.applications import pin_context
from hsmnodes.node.protocol.documents import Kit, NodeSigned
from hsmnodes.node.protocol.purposes import Purpose
from hsmnodes.node.protocol.sealing import open_sealed
from tests.cast.applications import admit_application, extend_application, remove_application
from tests.cast.charters import DEPLOYMENT
from tests.cast.moving import extend_zone, withdraw_zone
from tests.cast.people import CUSTODIANS, DINA, make_id, named
from tests.cast.signing import suspend_application
from tests.hsmnodes.node.agent.making import CountingDrivers, real_drivers
from tests.hsmnodes.node.agent.rotating import stated_key
from tests.hsmnodes.node.agent.stepping import Carrier
from tests.hsmnodes.node.agent.test_applications_on_several_nodes import Admissions
from tests.hsmnodes.node.agent.test_suspended_applications import tell
from tests.hsmnodes.node.endpoint.kits import files_of


@pytest.fixture
def zone(cast):
    return cast.zone(members=CUSTODIANS)


class Extending(Admissions):
    """The webshop on two of three nodes that have its zone; the third can have it, too."""

    def __init__(self, make_site, cast, zone, drivers=CountingDrivers) -> None:
        super().__init__(make_site, cast, zone, drivers)
        self.asked = [(self.key.id, "cards", ("sign",))]
        first, second, _ = self.sites
        admitting = admit_application(cast, first.at, zone, self.webshop, self.asked, others=[second.at])
        assert self.taken(admitting).carry().outcome == "done"

    def taken(self, warrant) -> Carrier:
        return Carrier(warrant, self.sites, [self.zone])

    def extending(self, **changes) -> Carrier:
        *having, third = [site.at for site in self.sites]
        warrant = extend_application(
            self.cast, having, [third], self.zone, self.webshop, self.asked, **changes
        )
        return self.taken(warrant)


@pytest.fixture
def trio(make_site, cast, zone):
    return Extending(make_site, cast, zone)


@pytest.fixture(params=[CountingDrivers, real_drivers], ids=["fake", "softhsm2"])
def drivers(request):
    return request.param


def test_it_is_on_the_further_node_with_the_same_pin_and_keys(make_site, cast, zone, drivers):
    trio = Extending(make_site, cast, zone, drivers)
    before = [site.node.served for site in trio.sites]
    receipt = trio.extending().carry()
    assert receipt.outcome == "done", receipt
    assert len(set(trio.pins())) == 1
    assert trio.served() == [1, 1, 1]
    third = trio.sites[2]
    driver = third.pool.get(third.node.parts.zones.applications.folder.token(trio.webshop.named.id))
    driver.open(trio.webshop.named.id, lambda: trio.pins()[0])
    assert [(key.label, key.usages) for key in driver.list_keys()] == [("cards", {"sign"})]
    # Nothing of what is served there is another than before, so no session is cut.
    assert [site.node.served for site in trio.sites[:2]] == before[:2]
    assert third.start().facts.holdings.living_applications()[0].keys[0].label == "cards"


def test_every_kit_names_all_of_them_and_every_pin_opens(trio):
    extending = trio.extending()
    assert extending.carry().outcome == "done"
    for step, site in enumerate(trio.sites):
        beside = trio.beside(extending, step)
        signed = NodeSigned.from_bytes(files_of(beside["kit"])["kit.json"])
        kit = Kit.from_bytes(site.verified(signed, Purpose.KIT))
        assert [node.name for node in kit.nodes] == [one.config.node.name for one in trio.sites]
        context = pin_context(
            deployment=DEPLOYMENT,
            node=site.config.node,
            zone=named(trio.zone.current.authority.name),
            application=trio.webshop.named,
        )
        opened = open_sealed(beside["pin"], trio.webshop.sealing_key.private_bytes_raw(), context)
        assert opened.decode() == trio.pins()[0]


def test_a_node_that_has_it_already_is_no_further_one_nor_is_one_that_has_it_not_among_those(trio, cast):
    first, second, third = [site.at for site in trio.sites]
    for having, to, code in (
        ([first], [second], None),
        ([third], [second], "no-such-application"),
        ([first, third], [second], None),
    ):
        warrant = extend_application(cast, having, to, trio.zone, trio.webshop, trio.asked)
        carrier = trio.taken(warrant)
        said = carrier.take(0)
        assert said.code == code
        if code is None:
            assert carrier.take(1).code in ("id-in-use", "no-such-application")
    assert trio.served() == [1, 1, 0]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"to": [{"id": make_id("x"), "name": "elsewhere"}]}, "other-node"),
        ({"keys": [{"id": make_id("x"), "label": "cards", "usages": ["sign"]}]}, "other-application"),
        ({"valid_until": 1_900_000_000}, "other-application"),
        ({"sealing_key": canonical.b64u(bytes(32))}, "other-application"),
        ({"application": {"id": make_id("x"), "name": "webshop"}}, "no-such-application"),
    ],
)
def test_it_is_extended_as_it_was_admitted_and_not_otherwise(trio, changes, code):
    """Another certificate, other keys or another usage are another admission."""
    said = trio.extending(**changes).take(0)
    assert (said.outcome, said.code) == ("refused", code)
    assert trio.served() == [1, 1, 0]


def test_a_suspended_application_is_extended_nowhere(trio, cast, zone):
    suspension = suspend_application(zone.current, trio.webshop.named, DINA, at=cast.now)
    assert tell(trio.sites[0], suspension) is None
    assert trio.extending().take(0).code == "suspended"


def test_what_breaks_off_is_finished_with_the_same_pin(trio):
    extending, broken = trio.extending(), []
    assert extending.take(0).outcome == "done"

    def fault(method):
        if method == "make_copies" and not broken:
            broken.append(method)
            raise DriverDied("the driver process died")

    trio.sites[2].pool.fault = fault
    assert extending.take(2).outcome == "done"
    assert broken
    assert len(set(trio.pins())) == 1


def test_where_it_was_removed_it_does_not_come_back(trio, cast, zone):
    first, second, third = [site.at for site in trio.sites]
    removing = remove_application(cast, first, zone, trio.webshop.named, others=[second, third])
    assert trio.taken(removing).carry().outcome == "done"
    assert trio.extending().take(0).code == "no-such-application"
    assert trio.served() == [0, 0, 0]


def test_with_its_zone_it_goes_from_a_node_and_comes_back_by_being_extended_there(trio, cast, zone):
    first, second, third = trio.sites
    leaving = withdraw_zone(cast, first.at, second.at, zone, named("Slot 2"))
    assert trio.taken(leaving).carry().outcome == "done"
    assert trio.served() == [1, 0, 0]
    assert second.node.parts.zones._vault.names("application/") == []
    slot = named("Slot 9").model_dump()
    back = extend_zone(cast, second.at, first.at, zone, **stated_key(first, zone), slot=slot)
    assert trio.taken(back).carry().outcome == "done"
    assert trio.served() == [1, 0, 0]
    further = [second.at, third.at]
    extending = extend_application(cast, [first.at], further, zone, trio.webshop, trio.asked)
    carrier = trio.taken(extending)
    assert carrier.carry().outcome == "done"
    assert trio.served() == [1, 1, 1]
    kit = Kit.from_bytes(
        NodeSigned.from_bytes(files_of(trio.beside(carrier, 0)["kit"])["kit.json"]).payload_bytes
    )
    assert len(kit.nodes) == 3
