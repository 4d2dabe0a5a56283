"""Who can only write to a node's queue, without anyone's signature, can make it neither hoard nor halt."""

import time
from string import ascii_lowercase

from hsmnodes.node.agent import node
from hsmnodes.node.agent.witness import Witnesses
from hsmnodes.node.protocol.consistency import unsatisfiable
from hsmnodes.node.protocol.documents import Clause, Group, Requester, Role, Rule, Warrant
from hsmnodes.node.protocol.documents.charter import EDDSA
from tests.cast.charters import Chain
from tests.cast.people import CLEO, DINA, MERIDIAN, Member, named
from tests.cast.signing import changed, make_warrant, reject
from tests.hsmnodes.node.agent.making import Site, carrying
from tests.hsmnodes.node.agent.test_refusals import proposed

MALLORY = Member("Mallory", MERIDIAN, (Role.KEY_MANAGER,))
MAX = Member("Max", MERIDIAN, (Role.KEY_MANAGER,))
MONA = Member("Mona", MERIDIAN, (Role.KEY_MANAGER,))


def of_strangers(site: Site, cast) -> tuple[Chain, Warrant]:
    """A slot for a zone that strangers founded by themselves, requested and rejected by them."""
    zone = cast.zone(named("Nobody's"), members=(MALLORY, MAX, MONA))
    requester = Requester(id=MALLORY.id, name=MALLORY.name, organisation=MALLORY.organisation)
    proposal = changed(proposed(cast.create_slot(site.at, zone)), requester=requester)
    return zone, make_warrant(proposal, MALLORY, (), rejections=[reject(proposal, MAX, at=cast.now)])


def test_strangers_who_reject_their_own_proposal_do_not_fill_the_journal(site, cast):
    zone, warrant = of_strangers(site, cast)
    before = site.head
    assert site.send(warrant, zone).code == "closed"
    assert site.head == before
    assert not site.facts.closed


def test_a_rejection_by_somebody_of_a_new_zone_is_kept_once_the_provider_has_signed(make_site, cast):
    site, zone = make_site().serving(), cast.zone()
    warrant = cast.create_slot(site.at, zone)
    rejection = reject(proposed(warrant), DINA, at=cast.now)
    begun = make_warrant(proposed(warrant), CLEO, (), rejections=[rejection])
    assert site.send(begun, zone).code == "closed"
    assert site.send(warrant, zone).code == "closed"
    assert not site.facts.holdings.slots


def test_what_waits_for_the_node_to_start_is_limited_in_size_too(make_site, cast, monkeypatch):
    """Two hundred messages of sixteen megabytes each would be all of a machine's memory."""
    site = make_site().enrolled()
    monkeypatch.setattr(Witnesses, "is_satisfied", lambda *_: False)
    monkeypatch.setattr(node, "MOST_HELD_CHARACTERS", 100_000)
    large = carrying(cast.export_log(site.at)).model_copy(update={"charters": ("A" * 20_000,)})
    texts = [large.text() + " " * place for place in range(10)]
    held = [site.node.deliver(text).held for text in texts]
    assert held == sorted(held, reverse=True)
    assert 1 < sum(held) < 5
    assert site.node.deliver(texts[0]).held  # what waits already still waits
    assert site.node.held == sum(held)


def test_a_charter_made_to_be_hard_to_count_is_counted_quickly(cast):
    """It is counted before anyone's signature is asked for."""
    members = [Member(f"P{number}", MERIDIAN, (), algorithm=EDDSA) for number in range(200)]
    people = tuple(sorted((member.person() for member in members), key=lambda person: person.id))
    ids = [person.id for person in people]
    groups = tuple(
        Group(name=f"g{letter}", people=tuple(ids[place * 7 : place * 7 + 95]))
        for place, letter in enumerate(ascii_lowercase[:16])
    )
    clauses = tuple(Clause(role=None, group=group.name, m=12) for group in groups)
    rules = tuple(Rule(operation=f"key.{letter}/v1", clauses=clauses) for letter in "abc")
    charter = cast.zone().current.model_copy(update={"people": people, "groups": groups, "rules": rules})
    began = time.process_time()
    for _ in range(200):
        assert unsatisfiable(charter) == ()
    assert time.process_time() - began < 2.5  # it took six seconds
