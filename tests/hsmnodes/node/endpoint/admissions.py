"""A node that admits applications without serving them, for what is about kits alone."""

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.words import fingerprint
from tests.cast.applications import admit_application
from tests.cast.deployment import Deployment
from tests.hsmnodes.node.agent.making import Site, carrying
from tests.hsmnodes.node.endpoint.serving import Host


class Admissions:
    """A node that admits applications, and serves none: it runs on fake drivers."""

    def __init__(self, folder) -> None:
        self.cast = Deployment()
        self.site = Site(folder, self.cast)
        self.zone = self.cast.zone()
        self.site.with_zone(self.zone)
        [self.key] = self.site.send(self.cast.generate_keys(self.site.at, self.zone)).results["keys"]
        self.words = " ".join(fingerprint(canonical.sha256_hex(self.site.at.identity)))

    def admit(self, host: Host) -> dict[str, bytes]:
        asked = [(self.key["id"], self.key["label"], ("sign",))]
        warrant = admit_application(self.cast, self.site.at, self.zone, host.new(), asked)
        [said] = self.site.deliver(carrying(warrant)).said
        assert self.site.read(said).outcome == "done"
        return {one.name.split(".")[1]: canonical.b64u_decode(one.data) for one in said.attachments}
