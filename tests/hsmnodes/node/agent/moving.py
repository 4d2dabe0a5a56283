"""Two nodes of the tests, of which one has a zone that can be extended to the other."""

from tests.cast.moving import extend_zone, withdraw_zone
from tests.hsmnodes.node.agent.making import Cluster, CountingDrivers
from tests.hsmnodes.node.agent.rotating import stated_key
from tests.hsmnodes.node.agent.stepping import Carrier

KEYS = [
    ("cards", "ec-p256", ("sign",)),
    ("archive", "aes-256", ("encrypt", "decrypt")),
    ("contracts", "rsa-2048", ("sign",)),
]


class Pair:
    """ams-1 with a zone and its keys, and fra-1, which has only the service."""

    def __init__(self, make_site, cast, zone, drivers=CountingDrivers, keys=KEYS) -> None:
        self.cast, self.zone = cast, zone
        self.first, self.second = (make_site(name=name, drivers=drivers) for name in ("ams-1", "fra-1"))
        self.sites = [self.first, self.second]
        self.cluster = Cluster(self.sites)
        for site in self.sites:
            assert site.send(cast.start_service(site.at), cast.northgate, cast.meridian).outcome == "done"
        assert self.first.send(cast.create_slot(self.first.at, zone), zone).outcome == "done"
        self.made = self.first.send(cast.generate_keys(self.first.at, zone, *keys)).results["keys"]

    def extending(self, **changes) -> Carrier:
        fitting = stated_key(self.first, self.zone) | changes
        warrant = extend_zone(self.cast, self.second.at, self.first.at, self.zone, **fitting)
        return Carrier(warrant, self.sites, [self.zone])

    def withdrawing(self, keeper=None, left=None, **changes) -> Carrier:
        keeper, left = keeper or self.second, left or self.first
        warrant = withdraw_zone(self.cast, keeper.at, left.at, self.zone, **changes)
        return Carrier(warrant, self.sites, [self.zone])


def keys_in(site, zone):
    driver = site.node.parts.zones.driver(zone.current.authority.id)
    return {key.key_id.hex(): (key.label, key.public_key) for key in driver.list_keys()}


def one_time_keys(site):
    return site.node.parts.zones._vault.names("one-time/")


def has_zone(site, zone):
    return zone.current.authority.id in site.facts.holdings.slots
