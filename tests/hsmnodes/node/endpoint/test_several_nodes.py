"""One application on two nodes, by the kits of both: what it still can do when one of them is gone."""

import socket
import time
from types import SimpleNamespace

import pytest

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import Kit, NodeSigned
from hsmnodes.node.protocol.purposes import Purpose
from tests.hsmnodes.node.agent.making import Site
from tests.hsmnodes.node.endpoint.kits import files_of, packed, signed_anew
from tests.hsmnodes.node.endpoint.pair import Pair
from tests.hsmnodes.node.endpoint.serving import Host, endpoint_folder, live, wait_for


@pytest.fixture(scope="module")
def pair():
    with endpoint_folder() as one, endpoint_folder() as other, Pair.opened([one, other]) as both:
        yield both


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


def test_a_node_that_the_application_has_left_gets_no_sessions_though_it_goes_on_for_others(pair, tmp_path):
    """It takes connections, and has the fewest, since it ends each: all would go there."""
    host = Host(tmp_path, "leaving one")
    first, second = pair.admit(host)
    assert host.install(first, pair.words(0), second).returncode == 0
    pair.admit(Host(tmp_path, "staying"))
    try:
        wait_for(host.start().is_served)
        pair.remove(host, 1)
        time.sleep(4)
        assert [host.is_served() for _ in range(4)] == [True] * 4
    finally:
        host.stop()


@pytest.mark.parametrize("by", ["haproxy", "stunnel"])
def test_a_node_that_is_gone_from_dns_is_left_out_and_told(pair, shop, by):
    first, second = shop.came
    gone = signed_anew(pair.sites[1].node, second["kit"], host="gone.invalid")
    assert shop.host.install(first, pair.words(0), second | {"kit": gone}).returncode == 0
    try:
        assert wait_for(shop.host.start(by).is_served) < 10
    finally:
        shop.host.stop()
    gone = signed_anew(pair.sites[0].node, first["kit"], host="gone.invalid")
    assert shop.host.install(first | {"kit": gone}, pair.words(0)).returncode == 0
    assert "Nobody knows the name of any node" in shop.host.connect("start", shop.host.folder).stderr


@pytest.mark.parametrize("options", [(), ("--failover",)], ids=["balanced", "failover"])
def test_an_address_where_nobody_answers_any_more_holds_nothing_up_for_long(pair, shop, options):
    first, second = shop.came
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        gone = signed_anew(pair.sites[0].node, first["kit"], port=port)
        assert shop.host.install(first | {"kit": gone}, pair.words(0), second).returncode == 0
        try:
            assert wait_for(shop.host.start("haproxy", *options).is_served) < 10
            began = time.monotonic()
            assert all(shop.host.is_served() for _ in range(4))
            print(f"four times in {time.monotonic() - began:.1f} s")
        finally:
            shop.host.stop()


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

    def test_the_kit_of_a_bad_node_beside_a_good_one_configures_nothing(self, pair, shop):
        """It is one that people signed for; the words that are compared are the good one's."""
        first, second = shop.came
        port = "8443 check\n\nglobal\n  external-check\n"
        bad = signed_anew(pair.sites[1].node, second["kit"], port=port)
        refused = shop.host.install(first, pair.words(0), second | {"kit": bad})
        assert refused.returncode == 1
        assert "what it says of port cannot be" in refused.stderr

    def test_the_same_kit_twice_is_refused(self, pair, shop):
        first, _ = shop.came
        assert "does not belong" in shop.host.install(first, pair.words(0), first).stderr

    def test_an_installed_kit_of_the_second_node_that_was_altered_does_not_start(self, pair, shop):
        first, second = shop.came
        assert shop.host.install(first, pair.words(0), second).returncode == 0
        (shop.host.folder / "kit-2" / "node.crt").write_bytes(files_of(first["kit"])["node.crt"])
        assert "altered" in shop.host.connect("start", shop.host.folder).stderr


def test_extended_to_the_second_it_lives_on_there_when_the_first_goes_away(pair, tmp_path):
    """Its kit of before goes on to serve; the new ones name both nodes, and its PIN is the same."""
    host = Host(tmp_path, "growing")
    [first] = pair.admit(host, nodes=1)
    assert host.install(first, pair.words(0)).returncode == 0
    try:
        wait_for(host.start().is_served)
        pin, program = host.pin, live(host)
        came = pair.extend(host)
        assert program.poll() is None
        host.stop()
        assert "does not belong" in host.install(first, pair.words(0), came[1]).stderr
        installed = host.install(came[0], pair.words(0), came[1])
        assert installed.returncode == 0, installed.stderr
        assert host.pin == pin
        wait_for(host.start().is_served)
        pair.fail(0)
        wait_for(host.is_served)
        assert live(host).poll() is None
    finally:
        host.stop()
        pair.fail(0)
        pair.serve(0)


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
