"""Two nodes of one zone that serve applications for real, for one application on both."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack, contextmanager

import psutil

from hsmnodes.node.agent.config import EndpointSettings
from hsmnodes.node.agent.serving import serving
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.words import fingerprint
from tests.cast.applications import admit_application, extend_application, remove_application
from tests.cast.deployment import Deployment
from tests.cast.moving import extend_zone
from tests.cast.people import CUSTODIANS, named
from tests.hsmnodes.node.agent.making import Cluster, Site, real_drivers
from tests.hsmnodes.node.agent.rotating import stated_key
from tests.hsmnodes.node.agent.stepping import Carrier
from tests.hsmnodes.node.endpoint.serving import Host, free_port

KEYS = (("orders", "ec-p256", ("sign",)), ("letters", "rsa-2048", ("sign",)))
NAMES = ("ams-1", "fra-1")


class Pair:
    """Two nodes of one zone with keys, which both serve applications; `settings` are for both of them."""

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
        making = self.carry(self.cast.generate_keys(first.at, self.zone, *KEYS, others=[second.at]))
        self.keys = {key["label"]: key["id"] for key in making.receipt(0).results["keys"]}
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

    def admit(self, host: Host, *labels: str, nodes: int = 2) -> list[dict[str, bytes]]:
        """Admit the application of a host on the first nodes; what came beside each receipt."""
        host.application = host.new()
        first, *others = [site.at for site in self.sites[:nodes]]
        asked = self._asked(labels)
        return self._came(
            admit_application(self.cast, first, self.zone, host.application, asked, others=others), nodes
        )

    def extend(self, host: Host, *labels: str) -> list[dict[str, bytes]]:
        """Extend it from the first node to the second; what came beside each receipt."""
        first, second = [site.at for site in self.sites]
        asked = self._asked(labels)
        return self._came(
            extend_application(self.cast, [first], [second], self.zone, host.application, asked), 2
        )

    def _asked(self, labels: Sequence[str]) -> list[tuple[str, str, tuple[str, ...]]]:
        return [(self.keys[label], label, ("sign",)) for label in labels or ("orders",)]

    def _came(self, warrant, nodes: int) -> list[dict[str, bytes]]:
        carrier = self.carry(warrant)
        return [
            {
                one.name.split(".")[1]: canonical.b64u_decode(one.data)
                for one in carrier.said[step].attachments
            }
            for step in range(nodes)
        ]

    def remove(self, host: Host, *places: int) -> None:
        """Remove the application of a host from the nodes at these places, or from both."""
        sites = [self.sites[place] for place in places or (0, 1)]
        first, *others = [site.at for site in sites]
        warrant = remove_application(self.cast, first, self.zone, host.application.named, others=others)
        assert Carrier(warrant, sites, [self.zone]).carry().outcome == "done"

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

    @classmethod
    @contextmanager
    def opened(cls, folders):
        """Two nodes in these folders, until this ends."""
        both = cls(folders)
        try:
            yield both
        finally:
            both.close()

    def close(self) -> None:
        for stack, site in zip(self._serving, self.sites, strict=True):
            stack.close()
            site.stop()
