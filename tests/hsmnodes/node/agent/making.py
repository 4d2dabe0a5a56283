"""Nodes for tests: in this process, with fake or real drivers, and the console's part played by hand."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from hsmnodes.node.agent.config import Config, EndpointSettings, Pkcs11
from hsmnodes.node.agent.installing import install
from hsmnodes.node.agent.messages import (
    ChartersMessage,
    FromNode,
    HeartbeatMessage,
    PeerMessage,
    WarrantMessage,
    WitnessMessage,
    WitnessRequestMessage,
)
from hsmnodes.node.agent.node import Node, Report
from hsmnodes.node.drivers.fake.driver import FakeDrivers
from hsmnodes.node.drivers.pkcs11.profile import SOFTHSM2_OF_DEBIAN, softhsm2
from hsmnodes.node.drivers.supervisor import Drivers
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import NodeSigned, Receipt, Warrant, WitnessStatement
from hsmnodes.node.protocol.nodesigning import verify
from hsmnodes.node.protocol.purposes import Purpose
from tests.cast.charters import DEPLOYMENT, Chain
from tests.cast.deployment import Deployment, NodeOfCast
from tests.cast.people import named

VOICE = {"sign_identity"}
"""The one call that a refusal may make: to sign itself."""


class CountingDrivers(FakeDrivers):
    """Fake drivers that count every call, and can be told to fail at one."""

    def __init__(self) -> None:
        super().__init__(for_tests_only=True)
        self.calls: Counter[str] = Counter()
        self.fault: Callable[[str], None] = lambda _method: None
        self._counted = set()

    def get(self, directory: Path):
        driver = super().get(directory)
        if id(driver) not in self._counted:
            self._counted.add(id(driver))
            plain = driver.call

            def call(method, arguments):
                self.calls[method] += 1
                self.fault(method)
                return plain(method, arguments)

            driver.call = call
        return driver

    @property
    def acts(self) -> int:
        """How many calls were made but to sign with the identity key."""
        return sum(count for method, count in self.calls.items() if method not in VOICE)


def real_drivers() -> Drivers:
    """SoftHSM2, a process for each token directory."""
    return Drivers(softhsm2())


class Clock:
    """A clock to be set by hand."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def endpoint_below(folder: Path) -> EndpointSettings:
    """An endpoint whose folder is the node's: good for everything but serving from it."""
    # a path that is too long for sockets is no matter where none are made
    return EndpointSettings.model_construct(
        folder=folder / "endpoint",
        host="ams-1.northgate.example",
        port=9443,
        address="127.0.0.1",
        user="nobody",
    )


class Site:
    """One node with its state directory. `drivers` makes a pool for each start."""

    def __init__(
        self,
        folder: Path,
        cast: Deployment,
        *,
        name: str = "ams-1",
        drivers: Callable[[], object] = CountingDrivers,
        start: bool = True,
        **changes,
    ) -> None:
        self.cast = cast
        self.clock = Clock(cast.now)
        values = {
            "deployment": DEPLOYMENT,
            "demo": True,
            "provider_founding": cast.northgate.anchor,
            "node": named(name),
            "pkcs11": Pkcs11(profile="softhsm2", module=SOFTHSM2_OF_DEBIAN),
            "state": folder / name,
            "endpoint": endpoint_below(folder / name),
            "broker": "sqla+sqlite:////nowhere/broker.sqlite3",
        }
        self.config = Config(**(values | changes))
        self._drivers = drivers
        pool = drivers()
        identity = install(self.config, pool, now=cast.now)
        pool.close()
        self.at = NodeOfCast(self.config.node, identity)
        self.node: Node | None = None
        if start:
            self.start()

    def start(self) -> "Site":
        """Start the node, or start it again."""
        self.stop()
        self.pool = self._drivers()
        self.node = Node(self.config, self.pool, source=self.clock)
        return self

    def stop(self) -> None:
        """Stop it."""
        if self.node is not None:
            self.node.close()
            self.node = None

    @property
    def facts(self):
        return self.node.parts.ledger.facts

    @property
    def head(self):
        return self.node.parts.ledger.journal.head

    @property
    def state(self) -> str:
        return self.node.summary.state

    def deliver(self, message) -> Report:
        """Give the node a message."""
        return self.node.deliver(message.text())

    def send(self, warrant: Warrant, *chains: Chain) -> Receipt:
        """Give the node a warrant with the charters of `chains`; the one receipt it answers with."""
        [said] = self.deliver(carrying(warrant, *chains)).said
        return self.read(said)

    def read(self, said: FromNode) -> Receipt:
        """The receipt in what the node said, if its signature holds."""
        assert said.kind == "receipt"
        return Receipt.from_bytes(self.verified(said.envelope, Purpose.RECEIPT))

    def verified(self, envelope: NodeSigned, purpose: Purpose) -> bytes:
        return verify(envelope, identity=self.at.identity, purpose=purpose, node=self.config.node.id)

    def enrolled(self) -> "Site":
        """The node, enrolled."""
        receipt = self.send(self.cast.enrol(self.at), self.cast.northgate)
        assert receipt.outcome == "done", receipt
        return self

    def serving(self) -> "Site":
        """The node, enrolled and with the shared service of Meridian Bank."""
        self.enrolled()
        receipt = self.send(self.cast.start_service(self.at), self.cast.northgate, self.cast.meridian)
        assert receipt.outcome == "done", receipt
        return self

    def with_zone(self, zone: Chain) -> "Site":
        """The node, serving, with a slot for `zone`."""
        self.serving()
        receipt = self.send(self.cast.create_slot(self.at, zone), zone)
        assert receipt.outcome == "done", receipt
        return self


def carrying(warrant: Warrant, *chains: Chain) -> WarrantMessage:
    """The message that carries a warrant with charters."""
    return WarrantMessage(warrant=canonical.b64u(warrant.raw), charters=links(*chains))


def charters(*chains: Chain) -> ChartersMessage:
    """The message that carries charters alone."""
    return ChartersMessage(charters=links(*chains))


def links(*chains: Chain) -> tuple[str, ...]:
    return tuple(canonical.b64u(link) for chain in chains for link in chain.raw_links)


class Cluster:
    """Several nodes, enrolled and introduced to each other, with the console's relaying between them."""

    def __init__(self, sites: Sequence[Site]) -> None:
        self.sites = list(sites)
        enrolments = {}
        for site in self.sites:
            enrolments[site.config.node.id] = site.cast.enrol(site.at)
            assert site.send(enrolments[site.config.node.id], site.cast.northgate).outcome == "done"
        for site in self.sites:
            for other in self.others(site):
                raw = enrolments[other.config.node.id].raw
                report = site.deliver(PeerMessage(warrant=canonical.b64u(raw)))
                assert report.refused is None, report
        self.beat()

    def others(self, site: Site) -> list[Site]:
        return [other for other in self.sites if other is not site and other.node is not None]

    def beat(self, *, rounds: int = 2) -> None:
        """Every node's heartbeat and questions, passed on to the others."""
        for _ in range(rounds):
            for site in self.sites:
                if site.node is not None:
                    self.relay(site, site.node.heartbeat())

    def relay(self, site: Site, said: Sequence[FromNode]) -> list[FromNode]:
        """Pass on what a node says to those it is for; what was for the console."""
        receipts = []
        for one in said:
            if one.kind == "heartbeat":
                for other in self.others(site):
                    other.deliver(HeartbeatMessage(envelope=one.envelope))
            elif one.kind == "witness-request":
                for other in self.others(site):
                    answers = other.deliver(WitnessRequestMessage(envelope=one.envelope)).said
                    receipts += self.relay(other, answers)
            elif one.kind == "witness":
                about = WitnessStatement.from_bytes(one.envelope.payload_bytes).about.id
                [asked] = [other for other in self.sites if other.config.node.id == about]
                receipts += asked.deliver(WitnessMessage(envelope=one.envelope)).said
            else:
                receipts.append(one)
        return receipts


def wait_until(condition: Callable[[], bool], *, seconds: float = 30.0) -> None:
    """Wait for something that another process does."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.02)
