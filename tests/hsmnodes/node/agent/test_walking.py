"""Each link of a message of charters is judged by itself: one that is not taken keeps no other back."""

import pytest

from hsmnodes.node.agent.chains import Walk, walk
from hsmnodes.node.agent.links import Chain as Pinned
from hsmnodes.node.agent.links import OfferedLink
from hsmnodes.node.protocol.documents import AuthorityKind
from tests.cast.charters import Chain
from tests.cast.deployment import PAYMENTS
from tests.cast.people import CLEO, DINA, EMIL, FAY, JON, KIM, NORTHGATE
from tests.cast.signing import DAY
from tests.hsmnodes.node.agent.making import charters
from tests.hsmnodes.node.agent.test_delays import AMEND, rules_with

ZONE, PROVIDER = (AuthorityKind.ZONE, PAYMENTS.id), (AuthorityKind.PROVIDER, NORTHGATE.id)


def amend(chain: Chain, cast, *, days: int, approvers=(EMIL, FAY)) -> None:
    chain.amend(requester=DINA, approvers=approvers, now=cast.now, valid_until=cast.now + days * DAY)


def amended_provider(cast) -> Chain:
    """Northgate's chain with amendments that a node made before has not seen."""
    for days in (200, 100):
        until = cast.now + days * DAY
        cast.northgate.amend(requester=CLEO, approvers=(JON, KIM), now=cast.now, valid_until=until)
    return cast.northgate


@pytest.fixture
def provider(site, cast):
    return amended_provider(cast)


def test_one_of_a_stranger(site, cast, provider):
    assert site.deliver(charters(cast.lumen, provider)).refused is None
    assert site.facts.chains[PROVIDER].current == provider.current


def test_one_without_its_quorum(site, cast, zone, provider):
    amend(zone, cast, days=200, approvers=(EMIL,))
    assert site.deliver(charters(zone, provider)).refused.code == "not-authorised-old"
    assert site.facts.chains[ZONE].current == zone.charters[0]
    assert site.facts.chains[PROVIDER].current == provider.current


def test_one_that_must_wait(make_site, cast):
    zone = cast.zone(rules=rules_with(AMEND))
    site = make_site().with_zone(zone)
    provider = amended_provider(cast)
    amend(zone, cast, days=200)
    assert site.deliver(charters(zone, provider)).refused.code == "delayed"
    assert site.facts.chains[ZONE].current == zone.charters[0]
    assert site.facts.chains[PROVIDER].current == provider.current


def test_one_of_an_authority_that_is_frozen(site, cast, zone, provider):
    other = Chain(zone.members, list(zone.charters), list(zone.links))
    for chain, days in ((zone, 200), (other, 100)):
        amend(chain, cast, days=days)
        site.deliver(charters(chain))
    amend(zone, cast, days=150)
    refused = site.deliver(charters(zone, provider)).refused
    assert (refused.code, refused.message) == ("frozen", f"{PAYMENTS.name} is frozen.")
    assert site.facts.chains[ZONE].current == zone.charters[1]
    assert site.facts.chains[PROVIDER].current == provider.current


def test_two_successors_in_one_message_freeze_it_before_what_follows_on_the_first(site, cast, zone):
    other = Chain(zone.members, list(zone.charters), list(zone.links))
    for chain, days in ((zone, 200), (other, 100), (zone, 150)):
        amend(chain, cast, days=days)
    refused = site.deliver(charters(zone, other)).refused
    chain = site.facts.chains[ZONE]
    assert (refused.code, chain.frozen, chain.current) == ("frozen", True, zone.charters[1])


def test_what_was_in_force_before_is_no_news(cast, zone):
    for days in (200, 100):
        amend(zone, cast, days=days)
    pinned = {ZONE: Pinned(tuple(zone.charters), tuple(link.raw for link in zone.links))}
    assert walk(pinned, [OfferedLink.read(link.raw) for link in zone.links], (), now=cast.now) == Walk()
