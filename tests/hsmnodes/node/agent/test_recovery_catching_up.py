"""A node that was not there while a recovery was announced takes it after others that were, and no other."""

import pytest

from hsmnodes.node.agent.messages import HeartbeatMessage
from hsmnodes.node.protocol.documents import AuthorityKind, Role
from tests.cast.people import DINA, GUS, HANA, LEA, ZONE_PEOPLE, named
from tests.cast.signing import DAY
from tests.hsmnodes.node.agent.making import Cluster
from tests.hsmnodes.node.agent.test_recovering import OSCAR, PIA, RITA, WEEK, recovered, shown, version
from tests.hsmnodes.node.protocol.recovering import recovery_with

SLOTS = ("Slot 1", "Slot 2")


@pytest.fixture
def zone(cast):
    clause = recovery_with(cast.meridian.current, cast.northgate.current, role=Role.KEY_MANAGER)
    return cast.zone(members=(*ZONE_PEOPLE, RITA), recovery=clause)


@pytest.fixture
def cluster(make_site, cast, zone) -> Cluster:
    """Two nodes with the zone, which hear of each other."""
    cluster = Cluster([make_site(name=name) for name in ("ams-1", "ams-2")])
    for site, slot in zip(cluster.sites, SLOTS, strict=True):
        assert site.send(cast.start_service(site.at), cast.northgate, cast.meridian).outcome == "done"
        assert site.send(cast.create_slot(site.at, zone, slot=named(slot)), zone).outcome == "done"
    cluster.beat()
    return cluster


@pytest.fixture
def chain(cast, zone):
    return recovered(cast, zone)


def pass_days(cluster, seconds: int) -> None:
    for site in cluster.sites:
        site.clock.now += seconds


def taken_by_the_first(cluster, chain) -> None:
    """The first node is shown it in time, and has it in force; the second was not there."""
    assert shown(cluster.sites[0], chain) == "delayed"
    pass_days(cluster, WEEK + DAY)
    assert shown(cluster.sites[0], chain) is None


def test_it_waits_its_own_days_once_a_peer_says_that_it_is_in_force(cluster, chain, zone):
    late = cluster.sites[1]
    taken_by_the_first(cluster, chain)
    assert shown(late, chain) == "expired"
    cluster.beat()
    assert shown(late, chain) == "delayed"
    pass_days(cluster, WEEK - 1)
    late.start()
    assert shown(late, chain) == "delayed"
    pass_days(cluster, 1)
    assert (shown(late, chain), version(late, zone)) == (None, 2)


@pytest.mark.parametrize("more", [1, 2])
def test_it_also_follows_a_peer_that_has_gone_on_to_later_versions(cluster, chain, zone, cast, more):
    late = cluster.sites[1]
    taken_by_the_first(cluster, chain)
    cast.now = cluster.sites[0].clock.now
    for days in range(more):
        until = cast.now + (100 - days) * DAY
        chain.amend(requester=PIA, approvers=(DINA, OSCAR), now=cast.now, valid_until=until)
    assert shown(cluster.sites[0], chain) is None
    assert version(cluster.sites[0], zone) == 2 + more
    cluster.beat()
    shown(late, chain)
    assert len(late.facts.announced) == 1
    pass_days(cluster, WEEK)
    assert (shown(late, chain), version(late, zone)) == (None, 2 + more)


def test_although_a_side_has_amended_its_charter_since(cluster, chain, zone, cast):
    late = cluster.sites[1]
    taken_by_the_first(cluster, chain)
    cast.meridian.amend(requester=HANA, approvers=(GUS, LEA), now=cast.now, valid_until=cast.now + 200 * DAY)
    for site in cluster.sites:
        assert shown(site, cast.meridian) is None
    cluster.beat()
    assert shown(late, chain) == "delayed"
    pass_days(cluster, WEEK)
    assert (shown(late, chain), version(late, zone)) == (None, 2)


def test_a_peer_that_is_not_ready_says_nothing_of_it(cluster, chain):
    first, late = cluster.sites
    taken_by_the_first(cluster, chain)
    first.start()
    assert first.state == "starting"
    [beat] = [one for one in first.node.heartbeat() if one.kind == "heartbeat"]
    late.deliver(HeartbeatMessage(envelope=beat.envelope))
    assert shown(late, chain) == "expired"


def test_a_peer_that_has_another_recovery_in_force_says_nothing_of_this_one(cluster, chain, zone, cast):
    other = recovered(cast, zone, charter={"valid_until": cast.now + 100 * DAY}, proposal="1" * 32)
    taken_by_the_first(cluster, other)
    cluster.beat()
    assert shown(cluster.sites[1], chain) == "expired"


def test_a_following_version_alone_proves_nothing(cluster, chain, zone, cast):
    """Those whom a recovery would bring sign the version after it: they could do so at any time."""
    late = cluster.sites[1]
    pass_days(cluster, WEEK + DAY)
    cast.now = late.clock.now
    chain.amend(requester=PIA, approvers=(DINA, OSCAR), now=cast.now, valid_until=cast.now + 100 * DAY)
    cluster.beat()
    assert shown(late, chain) in ("expired", "version-missing")
    assert (late.facts.announced, version(late, zone)) == ({}, 1)
    assert not late.facts.chains[AuthorityKind.ZONE, zone.current.authority.id].frozen
