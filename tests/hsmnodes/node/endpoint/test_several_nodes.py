"""One application on two nodes, by the kits of both: what it still can do when one of them is gone."""

from collections.abc import Mapping
from contextlib import ExitStack
from types import SimpleNamespace

import psutil
import pytest

from hsmnodes.node.agent.config import EndpointSettings
from hsmnodes.node.agent.serving import serving
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import Kit, NodeSigned
from hsmnodes.node.protocol.purposes import Purpose
from hsmnodes.node.protocol.words import fingerprint
from tests.cast.applications import admit_application, remove_application
from tests.cast.deployment import Deployment
from tests.cast.moving import extend_zone
from tests.cast.people import CUSTODIANS, named
from tests.hsmnodes.node.agent.making import Cluster, Site, real_drivers
from tests.hsmnodes.node.agent.rotating import stated_key
from tests.hsmnodes.node.agent.stepping import Carrier
from tests.hsmnodes.node.endpoint.kits import files_of, packed
from tests.hsmnodes.node.endpoint.serving import Host, endpoint_folder, free_port, live, wait_for

NAMES = ("ams-1", "fra-1")


class Pair:
    """Two nodes of one zone with a key, which both serve applications; `settings` are for both of them."""

    settings: Mapping[str, int] = {}

    def __init__(self, folders) -> None:
        self.cast = Deployment()
        self.zone = self.cast.zone(members=CUSTODIANS)
        self.sites = [self._site(folder, name) for folder, name in zip(folders, NAMES, strict=True)]
        self.cluster = Cluster(self.sites)
        first, second = self.sites
        for site in self.sites:
            started = self.cast.start_service(site.at)
            assert site.send(started, self.cast.northgate, self.cast.meridian).outcome == "done"
        assert first.send(self.cast.create_slot(first.at, self.zone), self.zone).outcome == "done"
        further = {"slot": named("Slot 2").model_dump(), **stated_key(first, self.zone)}
        self.carry(extend_zone(self.cast, second.at, first.at, self.zone, **further))
        wanted = ("orders", "ec-p256", ("sign",))
        making = self.carry(self.cast.generate_keys(first.at, self.zone, wanted, others=[second.at]))
        [self.key] = making.receipt(0).results["keys"]
        self._serving = [ExitStack() for _ in self.sites]
        for place in range(2):
            self.serve(place)

    def _site(self, folder, name: str) -> Site:
        settings = EndpointSettings(
            folder=folder / "endpoint", host="127.0.0.1", port=free_port(), address="127.0.0.1"
        )
        return Site(folder, self.cast, name=name, drivers=real_drivers, endpoint=settings, **self.settings)

    def carry(self, warrant) -> Carrier:
        carrier = Carrier(warrant, self.sites, [self.zone])
        said = carrier.carry()
        assert said.outcome == "done", said
        return carrier

    def admit(self, host: Host) -> list[dict[str, bytes]]:
        """Admit the application of a host on both nodes; what came beside each receipt."""
        host.application = host.new()
        asked = [(self.key["id"], "orders", ("sign",))]
        first, second = self.sites
        admitting = self.carry(
            admit_application(self.cast, first.at, self.zone, host.application, asked, others=[second.at])
        )
        return [
            {
                one.name.split(".")[1]: canonical.b64u_decode(one.data)
                for one in admitting.said[step].attachments
            }
            for step in range(2)
        ]

    def remove(self, host: Host) -> None:
        first, second = self.sites
        self.carry(
            remove_application(self.cast, first.at, self.zone, host.application.named, others=[second.at])
        )

    def words(self, place: int) -> str:
        return " ".join(fingerprint(canonical.sha256_hex(self.sites[place].at.identity)))

    def serve(self, place: int) -> None:
        site = self.sites[place]
        self._serving[place].enter_context(serving(site.config, site.node))

    def fail(self, place: int) -> None:
        """Have a node's endpoint go away, with every connection there is."""
        self._serving[place].close()

    def sessions(self, place: int) -> int:
        """How many connections a node has taken and not ended."""
        settings = self.sites[place].config.endpoint
        taken = psutil.net_connections("tcp")
        return sum(one.status == psutil.CONN_ESTABLISHED and one.laddr[1] == settings.port for one in taken)

    def close(self) -> None:
        for stack, site in zip(self._serving, self.sites, strict=True):
            stack.close()
            site.stop()


@pytest.fixture(scope="module")
def pair():
    with endpoint_folder() as one, endpoint_folder() as other:
        both = Pair([one, other])
        yield both
        both.close()


@pytest.fixture(scope="module")
def shop(pair, tmp_path_factory):
    """A host whose application is admitted on both nodes, with what came of that."""
    host = Host(tmp_path_factory.mktemp("h"), "webshop")
    return SimpleNamespace(host=host, came=pair.admit(host))


@pytest.fixture
def connect(pair, shop):
    """Installs both kits and starts, by certain options."""
    first, second = shop.came
    installed = shop.host.install(first, pair.words(0), second)
    assert installed.returncode == 0, installed.stderr

    def begin(*options: str) -> Host:
        wait_for(shop.host.start(*options).is_served)
        return shop.host

    yield begin
    shop.host.stop()
    for place in range(2):
        pair.fail(place)
        pair.serve(place)


@pytest.mark.parametrize("by", ["haproxy", "stunnel"])
def test_either_node_can_go_away(pair, connect, by):
    host = connect(by)
    for place in (0, 1):
        pair.fail(place)
        took = wait_for(host.is_served)
        print(f"{by}: served again after {took:.1f} s")
        pair.serve(place)
        wait_for(host.is_served)


def test_the_application_uses_all_nodes_by_default(pair, connect):
    host = connect("haproxy")
    programs = [live(host) for _ in range(4)]
    wait_for(lambda: pair.sessions(0) == pair.sessions(1) == 2)
    pair.fail(0)
    wait_for(lambda: sum(program.poll() is not None for program in programs) == 2)
    wait_for(lambda: pair.sessions(1) == 2)


def test_failover_uses_the_next_only_without_the_first(pair, connect):
    host = connect("haproxy", "--failover")
    programs = [live(host) for _ in range(3)]
    wait_for(lambda: (pair.sessions(0), pair.sessions(1)) == (3, 0))
    pair.fail(0)
    wait_for(lambda: all(program.poll() is not None for program in programs))
    took = wait_for(host.is_served)
    print(f"failover: served again after {took:.1f} s")
    assert live(host).poll() is None
    wait_for(lambda: pair.sessions(1) == 1)


class TestKits:
    def test_the_words_of_either_node_will_do(self, pair, shop):
        first, second = shop.came
        assert shop.host.install(first, pair.words(1), second).returncode == 0
        assert shop.host.install(second, pair.words(0), first).returncode == 0
        told = shop.host.connect("check", shop.host.folder).stdout.splitlines()
        assert [line.rpartition(" ")[2] for line in told] == ["ams-1.", "fra-1."]

    def test_a_node_whose_kit_is_not_there_yet_is_told(self, pair, shop):
        installed = shop.host.install(shop.came[0], pair.words(0))
        assert installed.returncode == 0
        assert "no kit of node fra-1" in installed.stdout

    def test_a_kit_for_another_admission_does_not_belong(self, pair, shop, tmp_path):
        other = pair.admit(Host(tmp_path, "tills"))
        refused = shop.host.install(shop.came[0], pair.words(0), other[1])
        assert refused.returncode == 1
        assert "another application" in refused.stderr

    def test_a_node_that_people_did_not_sign_for_does_not_belong(self, pair, shop, tmp_path):
        """Signed as it should be, but by a node of its own making."""
        stranger = Site(tmp_path, pair.cast, name="fra-1")
        try:
            files = files_of(shop.came[1]["kit"])
            said = Kit.from_bytes(NodeSigned.from_bytes(files["kit.json"]).payload_bytes)
            forged = said.model_copy(update={"identity": canonical.b64u(stranger.at.identity)})
            signed = stranger.node.parts.identity.sign(Purpose.KIT, Kit.model_validate(forged.model_dump()))
            beside = shop.came[1] | {"kit": packed(files | {"kit.json": signed.raw})}
            refused = shop.host.install(shop.came[0], pair.words(0), beside)
            assert refused.returncode == 1
            assert "does not belong" in refused.stderr
        finally:
            stranger.stop()

    def test_the_same_kit_twice_is_refused(self, pair, shop):
        first, _ = shop.came
        assert "does not belong" in shop.host.install(first, pair.words(0), first).stderr

    def test_an_installed_kit_of_the_second_node_that_was_altered_does_not_start(self, pair, shop):
        first, second = shop.came
        assert shop.host.install(first, pair.words(0), second).returncode == 0
        (shop.host.folder / "kit-2" / "node.crt").write_bytes(files_of(first["kit"])["node.crt"])
        assert "altered" in shop.host.connect("start", shop.host.folder).stderr


def test_removed_it_is_let_through_by_neither(pair, tmp_path):
    host = Host(tmp_path, "leaving")
    first, second = pair.admit(host)
    assert host.install(first, pair.words(0), second).returncode == 0
    try:
        wait_for(host.start().is_served)
        pair.remove(host)
        wait_for(lambda: not host.is_served())
        served = [one.application for site in pair.sites for one in site.node.served]
        assert host.application.named.id not in served
    finally:
        host.stop()
