"""Nodes of the tests that form a cluster, and the warrants that change it."""

from tests.cast.clusters import (
    after,
    agree_to_cluster,
    change_mode,
    form_cluster,
    formed,
    join_cluster,
    joined,
    leave_cluster,
    left,
)
from tests.hsmnodes.node.agent.making import Cluster, CountingDrivers
from tests.hsmnodes.node.agent.stepping import Carrier

NAMES = ("ams-1", "fra-1", "lon-1", "par-1")


class Members:
    """Enrolled nodes, of which the first `count` are to be members of a cluster; the last is in none."""

    def __init__(self, make_site, cast, *, count: int = 2, drivers=CountingDrivers, **options) -> None:
        sites = [make_site(name=name, drivers=drivers, **options) for name in NAMES[: count + 1]]
        self._take(cast, sites, Cluster(sites), count)

    @classmethod
    def of(cls, sites, cast, others: Cluster, *, count: int) -> "Members":
        """Nodes that are enrolled already."""
        members = cls.__new__(cls)
        members._take(cast, sites, others, count)
        return members

    def _take(self, cast, sites, others, count) -> None:
        self.cast, self.sites, self.others = cast, list(sites), others
        self.members, self.newcomer = self.sites[:count], self.sites[-1]

    def at(self, *sites):
        return [site.at for site in sites]

    def state(self, site=None):
        """The state of its cluster that a node has noted."""
        return (site or self.members[0]).facts.holdings.cluster

    def forming(self, members=None, **changes) -> Carrier:
        members = members or self.members
        mode = changes.pop("mode", "active")
        state = changes.pop("state", formed(self.at(*members), mode=mode))
        return self.carrier(form_cluster(self.cast, state, self.at(*members), **changes))

    def formed(self, **changes) -> "Members":
        receipt = self.forming(**changes).carry()
        assert receipt.outcome == "done", receipt
        return self

    def joining(self, newcomer=None, **changes) -> Carrier:
        newcomer = newcomer or self.newcomer
        state = changes.pop("state", None) or joined(self.state(), newcomer.at)
        first, *others = self.members
        nodes = changes.pop("nodes", self.at(first, newcomer, *others))
        return self.carrier(join_cluster(self.cast, state, nodes, **changes))

    def leaving(self, leaver, nodes=None, **changes) -> Carrier:
        state = changes.pop("state", None) or left(self.state(leaver) or self.state(), leaver.at)
        stay = [site for site in self.members if site is not leaver]
        nodes = self.at(*(nodes or [leaver, *stay]))
        return self.carrier(leave_cluster(self.cast, state, leaver.at, nodes, **changes))

    def losing(self, leaver, **changes) -> Carrier:
        """To have a node leave that is not asked."""
        stay = [site for site in self.members if site is not leaver]
        return self.leaving(leaver, stay, **changes)

    def changing(self, *, mode="failover", order=None, **changes) -> Carrier:
        before = self.state()
        members = [site.at.at for site in order] if order else before.members
        state = changes.pop("state", None) or after(before, members, mode=mode)
        return self.carrier(change_mode(self.cast, state, self.at(*self.members), **changes))

    def agree(self, site, zone, state, change, **changes):
        return site.send(agree_to_cluster(self.cast, state, site.at, zone, change, **changes))

    def carrier(self, warrant) -> Carrier:
        return Carrier(warrant, self.sites)

    def pass_time(self, seconds: float) -> None:
        for site in self.sites:
            site.clock.now += seconds


def refused(carrier, code) -> None:
    """It is refused for this reason, and no node has noted anything."""
    running = [site for site in carrier.sites if site.node is not None]
    before = [site.facts.holdings.cluster for site in running]
    receipt = carrier.carry()
    assert (receipt.outcome, receipt.code) == ("refused", code), receipt
    assert [site.facts.holdings.cluster for site in running] == before
