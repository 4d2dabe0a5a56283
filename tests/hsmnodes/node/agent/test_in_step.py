"""A node serves a zone while it has the keys that the other members of its cluster have, and says if not."""

import pytest

from hsmnodes.node.agent.messages import HeartbeatMessage
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import Heartbeat
from hsmnodes.node.protocol.purposes import Purpose
from tests.cast.backups import take_backup
from tests.cast.clusters import formed, left
from tests.cast.people import CUSTODIANS, named
from tests.hsmnodes.node.agent.clustering import Members
from tests.hsmnodes.node.agent.making import CountingDrivers
from tests.hsmnodes.node.agent.test_applications_on_several_nodes import Admissions

GRACE = PATIENCE = 60
BEAT = 5


@pytest.fixture
def zone(cast):
    return cast.zone(members=CUSTODIANS)


class Serving(Admissions):
    """Three members of a cluster with a zone, whose application all of them serve."""

    def __init__(self, make_site, cast, zone, drivers=CountingDrivers) -> None:
        super().__init__(make_site, cast, zone, drivers)
        self.members = Members.of(self.sites, cast, self.cluster, count=3)
        state = formed([site.at for site in self.sites])
        for site in self.sites:
            assert self.members.agree(site, zone, state, "form").outcome == "done"
        self.members.formed()
        assert self.admitting().carry().outcome == "done"
        self.beat()

    def beat(self, seconds: float = BEAT) -> None:
        """Time passes, and every node that runs says how it is."""
        for site in self.sites:
            site.clock.now += seconds
        self.cast.now += int(seconds)
        self.cluster.beat(rounds=1)
        for site in self.sites:
            if site.node is not None:
                site.node.advance()

    def beats(self, seconds: float) -> None:
        for _ in range(int(seconds) // BEAT):
            self.beat()

    def making(self, label):
        """A further key, on its way to all of them."""
        return self.generating((label, "ec-p256", ("sign",)))

    def standing(self, site) -> str | None:
        """How a node says that it stands with its one zone."""
        said = Heartbeat.from_bytes(site.node.heartbeat()[0].envelope.payload_bytes).standings
        return said[0].state if said else None

    def standings(self) -> list:
        return [self.standing(site) if site.node else "down" for site in self.sites]

    def digests(self) -> set:
        return {site.node.summary.zones[0].digest for site in self.sites}


@pytest.fixture
def trio(make_site, cast, zone):
    return Serving(make_site, cast, zone)


def test_members_in_step_serve_and_say_nothing(trio):
    assert trio.served() == [1, 1, 1]
    assert trio.standings() == [None, None, None]


def test_a_member_that_misses_a_key_is_behind_then_out_of_service_and_comes_back_by_itself(trio):
    late, third = trio.making("late"), trio.sites[2]
    assert [late.take(step).outcome for step in (0, 1)] == ["done", "done"]
    trio.beat()
    assert trio.standings() == [None, None, "behind"]
    said = Heartbeat.from_bytes(third.node.heartbeat()[0].envelope.payload_bytes).standings[0]
    assert said.peer.name == "ams-1"
    trio.beats(GRACE - BEAT)
    assert trio.served() == [1, 1, 1], "for a while it serves"
    trio.beat()
    assert trio.served() == [1, 1, 0]
    assert trio.standings() == [None, None, "out"]
    assert late.take(2).outcome == "done"
    trio.beat()
    assert trio.served() == [1, 1, 1]
    assert trio.standings() == [None, None, None]
    assert len(trio.digests()) == 1


def test_a_key_that_was_destroyed_elsewhere_counts_as_one_that_is_missing(trio):
    destroying = trio.carrier(trio.cast.destroy_keys, (trio.key.id, "cards"))
    assert [destroying.take(step).outcome for step in (0, 1)] == ["done", "done"]
    trio.beat()
    trio.beats(GRACE)
    assert trio.standings() == [None, None, "out"]


def test_a_member_that_returns_serves_only_when_it_is_in_step(trio):
    away = trio.sites[2]
    away.stop()
    missed = [trio.making(f"missed {number}") for number in range(3)]
    for one in missed:
        assert [one.take(step).outcome for step in (0, 1)] == ["done", "done"]
        trio.beat()
    away.start()
    trio.cluster.beat(rounds=1)
    away.node.advance()
    for one in missed:
        assert trio.standing(away) == "out"
        assert away.node.served == (), "not for a moment"
        assert one.take(2).outcome == "done"
        trio.beat()
        assert trio.standings()[:2] == [None, None], "nor is anybody behind it on its way"
    assert trio.served() == [1, 1, 1]
    assert len(trio.digests()) == 1


def test_after_a_start_it_waits_for_the_members(trio):
    away = trio.sites[2].start()
    for other in trio.sites[:2]:
        trio.cluster.relay(away, [one for one in away.node.heartbeat() if one.kind == "witness-request"])
        assert other.node is not None
    away.node.advance()
    assert (trio.standing(away), away.node.served) == ("waiting", ())
    for site in trio.sites:
        site.clock.now += BEAT
    trio.cluster.relay(trio.sites[0], trio.sites[0].node.heartbeat())
    away.node.advance()
    assert trio.standing(away) == "waiting", "one of two has been heard"
    trio.cluster.relay(trio.sites[1], trio.sites[1].node.heartbeat())
    away.node.advance()
    assert (trio.standing(away), len(away.node.served)) == (None, 1)


def test_where_nobody_is_heard_it_serves_in_the_end_and_says_so(trio):
    away, others = trio.sites[2], trio.sites[:2]
    away.start()
    trio.cluster.relay(away, [one for one in away.node.heartbeat() if one.kind == "witness-request"])
    for other in others:
        other.stop()
    away.node.advance()
    assert away.node.served == ()
    away.clock.now += PATIENCE + 1
    away.node.advance()
    assert (trio.standing(away), len(away.node.served)) == ("unheard", 1)


def test_what_was_held_back_and_is_shown_late_counts_as_silence(trio):
    """The console shows a node that starts what others said an hour ago, before they had another key."""
    away, others = trio.sites[2], trio.sites[:2]
    trio.beat()
    held_back = [site.node.heartbeat()[0].envelope for site in others]
    away.stop()
    late = trio.making("late")
    assert [late.take(step).outcome for step in (0, 1)] == ["done", "done"]
    for site in trio.sites:
        site.clock.now += 3600
    away.start()
    trio.cluster.relay(away, [one for one in away.node.heartbeat() if one.kind == "witness-request"])
    for envelope in held_back:
        away.deliver(HeartbeatMessage(envelope=envelope))
    away.node.advance()
    assert (trio.standing(away), away.node.served) == ("waiting", ())
    away.clock.now += PATIENCE
    away.node.advance()
    assert trio.standing(away) == "unheard", "it does not say that it is in step"


def test_who_was_ahead_and_is_gone_takes_nobody_else_out_of_service_for_long(trio):
    late, (first, *others) = trio.making("late"), trio.sites
    assert late.take(0).outcome == "done"
    trio.beat()
    first.stop()
    trio.beats(GRACE + PATIENCE + BEAT)
    assert [len(site.node.served) for site in others] == [1, 1]


def test_the_one_that_is_ahead_serves_however_many_are_behind(trio):
    late = trio.making("late")
    assert late.take(0).outcome == "done"
    trio.beat()
    trio.beats(GRACE)
    assert trio.served() == [1, 0, 0]


def test_what_changes_no_key_puts_nobody_ahead(trio):
    third = trio.sites[2]
    late = trio.making("late")
    assert [late.take(step).outcome for step in (0, 1)] == ["done", "done"]
    trio.beat()
    assert third.send(take_backup(trio.cast, third.at, trio.zone)).outcome == "done"
    trio.beats(GRACE)
    assert trio.served() == [1, 1, 0]


def test_where_the_last_change_is_the_same_the_most_are_right(trio):
    first_missed, second = trio.making("first"), trio.making("second")
    assert [first_missed.take(step).outcome for step in (0, 1)] == ["done", "done"]
    trio.beat()
    assert second.carry().outcome == "done"
    trio.beat()
    trio.beats(GRACE)
    assert trio.served() == [1, 1, 0]


def lie(about: Heartbeat, **changes) -> Heartbeat:
    """What a heartbeat would say if it were of now, and otherwise."""
    zones = tuple(
        zone.model_copy(update={"digest": "ab" * 32, "changed": about.at + 500}) for zone in about.zones
    )
    values = {name: getattr(about, name) for name in type(about).model_fields}
    return Heartbeat(**values | {"at": about.at + 100, "zones": zones} | changes)


def heartbeat_of(site) -> Heartbeat:
    return Heartbeat.from_bytes(site.node.heartbeat()[0].envelope.payload_bytes)


def in_its_own_name(trio, said):
    """Signed by a member, about another."""
    return trio.sites[1].node.parts.identity.sign(Purpose.HEARTBEAT, said)


def altered(trio, said):
    """The words of one, under the signature of another."""
    good = trio.sites[0].node.heartbeat()[0].envelope
    return good.model_copy(update={"payload": canonical.b64u(said.raw)})


def for_another_purpose(trio, said):
    return trio.sites[0].node.parts.identity.sign(Purpose.WITNESS, said)


def by_who_is_not_enrolled(trio, said):
    return trio.stranger.node.parts.identity.sign(Purpose.HEARTBEAT, said)


FORGERIES = [in_its_own_name, altered, for_another_purpose, by_who_is_not_enrolled]


@pytest.mark.parametrize("forge", FORGERIES, ids=lambda one: one.__name__.replace("_", " "))
def test_a_forged_record_makes_no_node_believe_that_it_is_behind(trio, make_site, forge):
    victim, first = trio.sites[2], trio.sites[0]
    trio.stranger = make_site(name="mars-1")
    report = victim.deliver(HeartbeatMessage(envelope=forge(trio, lie(heartbeat_of(first)))))
    assert report.refused is not None
    trio.beats(GRACE + BEAT)
    assert trio.served() == [1, 1, 1]


@pytest.mark.parametrize("forge", FORGERIES, ids=lambda one: one.__name__.replace("_", " "))
def test_a_forged_record_makes_no_node_believe_that_it_is_in_step(trio, make_site, forge):
    victim, first = trio.sites[2], trio.sites[0]
    trio.stranger = make_site(name="mars-1")
    assert trio.making("late").take(0).outcome == "done"
    trio.beat()
    said = lie(heartbeat_of(first), zones=victim.node.summary.zones)
    assert victim.deliver(HeartbeatMessage(envelope=forge(trio, said))).refused is not None
    victim.clock.now += GRACE
    victim.node.advance()
    assert victim.node.served == ()


def test_an_old_heartbeat_shown_again_makes_no_node_believe_that_it_is_in_step(trio):
    victim, first = trio.sites[2], trio.sites[0]
    old = first.node.heartbeat()[0].envelope
    assert trio.making("late").take(0).outcome == "done"
    trio.beat()
    for _ in range(GRACE // BEAT):
        victim.deliver(HeartbeatMessage(envelope=old))
        trio.beat()
        victim.deliver(HeartbeatMessage(envelope=old))
        victim.node.advance()
    assert victim.node.served == ()


def test_a_node_of_no_cluster_is_asked_for_nothing(trio, make_site):
    """A peer that has the zone and is no member puts nobody out of service."""
    leaver = trio.sites[2]
    state = trio.members.state()
    members = trio.members
    assert members.agree(leaver, trio.zone, left(state, leaver.at), "leave").outcome == "done"
    assert members.leaving(leaver).carry().outcome == "done"
    assert trio.making("late").take(0).outcome == "done"
    trio.beat()
    trio.beats(GRACE)
    assert trio.served() == [1, 0, 1]
    assert leaver.start().node.served == ()
    trio.cluster.beat()
    leaver.node.advance()
    assert len(leaver.node.served) == 1


def test_only_the_zone_that_is_behind_is_out_of_service(make_site, cast, zone):
    trio = Serving(make_site, cast, zone)
    other = cast.zone(named("Cards"), members=CUSTODIANS)
    third = trio.sites[2]
    made = third.send(cast.create_slot(third.at, other, slot=named("Slot of Cards")), other)
    assert made.outcome == "done"
    assert trio.making("late").take(0).outcome == "done"
    trio.beat()
    trio.beats(GRACE)
    in_step = third.node.parts.in_step
    assert not in_step.serves(zone.current.authority.id)
    assert in_step.serves(other.current.authority.id)
