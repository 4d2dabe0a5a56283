"""A node that was away while charters changed: it walks every version, or stays at the last that holds."""

import pytest

from hsmnodes.node.protocol.documents import AuthorityKind, Role
from tests.cast.charters import Chain
from tests.cast.people import DINA, EMIL, FAY, MERIDIAN, Member
from tests.hsmnodes.node.agent.making import charters
from tests.hsmnodes.node.protocol.amending import in_order

NEWCOMERS = [
    Member(name, MERIDIAN, (Role.KEY_MANAGER,)) for name in ("Olle", "Petra", "Quinn", "Rafa", "Sven")
]


def change_all(zone: Chain, now: int, *, away: int | None = None) -> list[tuple[Member, ...]]:
    """Five amendments: each time the eldest of three key managers goes and a newcomer comes.

    In the one at the place `away`, if any, a signature is missing. Who they are after each.
    """
    held, found = (DINA, EMIL, FAY), []
    for place, newcomer in enumerate(NEWCOMERS):
        _gone, one, other = held
        zone.amend(
            requester=_gone,
            approvers=(one,) if place == away else (one, other, newcomer),
            newcomers=[newcomer],
            now=now,
            people=in_order(member.person() for member in (one, other, newcomer)),
        )
        held = (one, other, newcomer)
        found.append(held)
    return found


def pinned(site, zone: Chain):
    return site.facts.chains[AuthorityKind.ZONE, zone.current.authority.id].current


@pytest.mark.parametrize("mixed", [False, True], ids=["in order", "in another order"])
def test_after_five_amendments_it_knows_those_who_are_there_now_and_nobody_else(site, cast, zone, mixed):
    [*_, last] = change_all(zone, cast.now)
    if mixed:
        zone.links.reverse()
    stale = cast.generate_keys(site.at, zone)  # Dina asks, Emil and Fay sign: of them nobody is left
    assert site.send(stale, zone).code == "request-unknown-token"
    assert (pinned(site, zone).version, pinned(site, zone)) == (6, zone.current)
    site.start()
    assert pinned(site, zone) == zone.current
    assert [one.name for one in last] == ["Quinn", "Rafa", "Sven"]
    assert site.deliver(charters(zone)).refused is None
    assert pinned(site, zone) == zone.current


@pytest.mark.parametrize("missing", [1, 2, 3, 4], ids=["second", "third", "fourth", "fifth"])
def test_with_one_of_them_missing_it_stops_before_it(site, cast, zone, missing):
    change_all(zone, cast.now)
    del zone.links[missing]
    assert site.send(cast.generate_keys(site.at, zone), zone).outcome == "refused"
    assert pinned(site, zone).version == missing


@pytest.mark.parametrize("away", [0, 2, 4], ids=["first", "third", "fifth"])
def test_an_amendment_on_the_way_that_too_few_signed_stops_it_there(site, cast, zone, away):
    change_all(zone, cast.now, away=away)
    assert site.deliver(charters(zone)).refused.code == "not-authorised-old"
    assert pinned(site, zone) == zone.charters[away]
