"""A node that was down over several key operations serves the application again when it has all of them.

On two SoftHSM2 nodes of one failover cluster, with the programs that applications use.
"""

from types import SimpleNamespace

import pytest

from hsmnodes.node.protocol.documents import Kit, NodeSigned
from tests.cast.applications import admit_application
from tests.cast.clusters import agree_to_cluster, form_cluster, formed
from tests.cast.people import named
from tests.hsmnodes.node.agent.stepping import Carrier
from tests.hsmnodes.node.endpoint.kits import files_of
from tests.hsmnodes.node.endpoint.serving import Host, endpoint_folder, live, wait_for
from tests.hsmnodes.node.endpoint.test_several_nodes import Pair

pytestmark = pytest.mark.slow

AMS, FRA = 0, 1


class FailoverPair(Pair):
    """The same two as a failover cluster: fra-1 serves first, and another zone, that it alone has, too."""

    settings = {"in_step_grace_seconds": 0}

    def __init__(self, folders) -> None:
        super().__init__(folders)
        ams, fra = self.sites
        state = formed([fra.at, ams.at], mode="failover")
        for site in self.sites:
            agreed = site.send(agree_to_cluster(self.cast, state, site.at, self.zone, "form"))
            assert agreed.outcome == "done", agreed
        self.carry(form_cluster(self.cast, state, [fra.at, ams.at]))

    def serve_another_zone(self, host: Host) -> None:
        """An application of another zone, on fra-1 alone, whose endpoint goes on with it."""
        fra, zone = self.sites[FRA], self.cast.zone(named("Cards"))
        made = fra.send(self.cast.create_slot(fra.at, zone, slot=named("Slot of Cards")), zone)
        assert made.outcome == "done", made
        [key] = fra.send(self.cast.generate_keys(fra.at, zone)).results["keys"]
        host.application = host.new()
        asked = [(key["id"], key["label"], ("sign",))]
        assert fra.send(admit_application(self.cast, fra.at, zone, host.application, asked)).outcome == "done"

    def beat(self) -> None:
        """Five seconds later every node that runs says how it is, and goes on."""
        for site in self.sites:
            site.clock.now += 5
        self.cluster.beat(rounds=1)
        for site in self.sites:
            if site.node is not None:
                site.node.advance()

    def making(self, label: str) -> Carrier:
        ams, fra = self.sites
        wanted = (label, "ec-p256", ("sign",))
        warrant = self.cast.generate_keys(ams.at, self.zone, wanted, others=[fra.at])
        return Carrier(warrant, self.sites, [self.zone])

    def serves(self, place: int) -> bool:
        """Whether a node serves an application of the zone that both have."""
        zone = self.zone.current.authority.id
        return any(one.zone == zone for one in self.sites[place].node.served)

    def lets_in(self, place: int) -> bool:
        """Whether a node's endpoint has the zone that both have in its map."""
        conf = self.sites[place].config.endpoint.folder / "conf" / "applications.map"
        return self.zone.current.authority.id in conf.read_text()

    def digests(self) -> list[str]:
        zone = self.zone.current.authority.id
        return [site.node.parts.zones.inventory(zone)["digest"] for site in self.sites]


@pytest.fixture(scope="module")
def pair():
    with endpoint_folder() as one, endpoint_folder() as other:
        both = FailoverPair([one, other])
        yield both
        both.close()


@pytest.fixture(scope="module")
def shop(pair, tmp_path_factory):
    host = Host(tmp_path_factory.mktemp("h"), "webshop")
    came = pair.admit(host)
    pair.serve_another_zone(Host(tmp_path_factory.mktemp("o"), "tills"))
    pair.beat()
    installed = host.install(came[0], pair.words(AMS), came[1])
    assert installed.returncode == 0, installed.stderr
    yield SimpleNamespace(host=host, came=came)
    host.stop()


def test_each_kit_says_the_order_of_the_cluster(pair, shop):
    for beside in shop.came:
        kit = Kit.from_bytes(NodeSigned.from_bytes(files_of(beside["kit"])["kit.json"]).payload_bytes)
        names = {node.identity: node.name for node in kit.nodes}
        assert [names[one] for one in kit.failover] == ["fra-1", "ams-1"]
    told = shop.host.connect("check", shop.host.folder).stdout
    assert "failover cluster: fra-1 serves, and then ams-1." in told


def test_the_tool_takes_the_first_of_the_cluster_without_being_told(pair, shop):
    wait_for(shop.host.start().is_served)
    programs = [live(shop.host) for _ in range(2)]
    wait_for(lambda: (pair.sessions(AMS), pair.sessions(FRA)) == (0, 2))
    shop.host.stop()
    wait_for(lambda: all(program.poll() is not None for program in programs))


def test_it_balances_if_it_is_told_to(pair, shop):
    wait_for(shop.host.start("haproxy", "--balance").is_served)
    programs = [live(shop.host) for _ in range(2)]
    wait_for(lambda: (pair.sessions(AMS), pair.sessions(FRA)) == (1, 1))
    shop.host.stop()
    wait_for(lambda: all(program.poll() is not None for program in programs))


def test_a_node_that_was_down_over_key_operations_serves_when_it_is_in_step(pair, shop):
    wait_for(shop.host.start().is_served)
    pair.fail(FRA)
    pair.sites[FRA].stop()
    missed = [pair.making(f"missed {number}") for number in range(3)]
    for one in missed:
        assert one.take(0).outcome == "done"
        pair.beat()
    wait_for(shop.host.is_served)
    pair.sites[FRA].start()
    pair.serve(FRA)
    pair.beat()
    for one in missed:
        assert not pair.serves(FRA), "it lacks keys that its peer has"
        assert one.take(1).outcome == "done"
        pair.beat()
    assert pair.serves(FRA)
    assert len(set(pair.digests())) == 1
    wait_for(lambda: live(shop.host).poll() is None and pair.sessions(FRA) > 0)


def test_while_one_zone_is_out_of_service_its_application_finds_the_next_node(pair, shop):
    """The endpoint of the first node can be reached, for another zone's application."""
    wait_for(shop.host.start().is_served)
    late = pair.making("late")
    assert late.take(0).outcome == "done"
    pair.beat()
    assert not pair.serves(FRA)
    assert pair.sites[FRA].node.served, "the other zone's application is served"
    wait_for(lambda: not pair.lets_in(FRA))
    took = wait_for(lambda: all(shop.host.is_served() for _ in range(3)))
    print(f"served again after {took:.1f} s")
    for _ in range(5):
        assert shop.host.is_served(), "and not only at times"
    assert late.take(1).outcome == "done"
    pair.beat()
    assert pair.serves(FRA)
    wait_for(lambda: live(shop.host).poll() is None and pair.sessions(FRA) > 0)
