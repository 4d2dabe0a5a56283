"""Charters: pinned, walked in order, never back; forks freeze; duties that must be apart are kept apart."""

from dataclasses import replace

import pytest

from hsmnodes.node.agent.links import OfferedLink
from hsmnodes.node.agent.messages import CancellationMessage, ChartersMessage
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.charters import conflicts
from hsmnodes.node.protocol.documents import AuthorityKind, Clause, Group, Proposal, Role, Warrant
from tests.cast.charters import Chain, make_charter
from tests.cast.deployment import PAYMENTS
from tests.cast.people import (
    ADA,
    BEN,
    CLEO,
    DINA,
    EMIL,
    FAY,
    GUS,
    HANA,
    IVO,
    JON,
    KIM,
    LEA,
    LUMEN,
    MERIDIAN,
    NORTHGATE,
    OLGA,
    PROVIDER_PEOPLE,
    Member,
)
from tests.cast.signing import DAY, cancel
from tests.hsmnodes.node.agent.making import carrying, charters

OSCAR = Member("Oscar", MERIDIAN, (Role.KEY_MANAGER,))


def people(*members):
    return tuple(sorted((member.person() for member in members), key=lambda person: person.id))


def amend_zone(zone, *members, now, newcomers=(), approvers=(EMIL, FAY)):
    return zone.amend(
        requester=DINA, approvers=approvers, newcomers=newcomers, now=now, people=people(*members)
    )


def test_a_node_that_missed_several_amendments_walks_them_in_order(site, cast, zone):
    amend_zone(zone, DINA, EMIL, FAY, OSCAR, now=cast.now, newcomers=[OSCAR])
    amend_zone(zone, DINA, EMIL, OSCAR, now=cast.now, approvers=(EMIL, OSCAR))
    zone.amend(requester=DINA, approvers=(EMIL, OSCAR), now=cast.now, valid_until=cast.now + 200 * DAY)
    zone.links.reverse()  # the order in the message does not matter
    warrant = cast.generate_keys(site.at, zone)
    assert site.send(warrant, zone).code == "quorum-not-met"  # Fay is no longer among them
    assert site.facts.chains[AuthorityKind.ZONE, PAYMENTS.id].current == zone.current
    site.start()
    assert site.facts.chains[AuthorityKind.ZONE, PAYMENTS.id].current == zone.current


def test_a_warrant_under_an_older_version_is_refused_once_the_newer_is_known(site, cast, zone):
    stale = cast.generate_keys(site.at, zone)
    amend_zone(zone, DINA, EMIL, FAY, OSCAR, now=cast.now, newcomers=[OSCAR])
    site.deliver(charters(zone))
    assert site.send(stale).code == "other-charter"
    assert site.send(cast.generate_keys(site.at, zone)).outcome == "done"


def test_a_version_cannot_be_skipped(site, cast, zone):
    amend_zone(zone, DINA, EMIL, FAY, OSCAR, now=cast.now, newcomers=[OSCAR])
    amend_zone(zone, DINA, EMIL, OSCAR, now=cast.now)
    del zone.links[1]
    assert site.send(cast.generate_keys(site.at, zone), zone).code == "version-missing"


def test_an_amendment_without_its_quorum_changes_nothing(site, cast, zone):
    amend_zone(zone, DINA, EMIL, FAY, OSCAR, now=cast.now, newcomers=[OSCAR], approvers=(EMIL,))
    site.deliver(charters(zone))
    assert site.facts.chains[AuthorityKind.ZONE, PAYMENTS.id].current == zone.charters[0]


def test_two_valid_successors_freeze_the_authority(site, cast, zone):
    other = Chain(zone.members, list(zone.charters), list(zone.links))
    warrant = cast.generate_keys(site.at, zone)
    amend_zone(zone, DINA, EMIL, FAY, OSCAR, now=cast.now, newcomers=[OSCAR])
    other.amend(requester=DINA, approvers=(EMIL, FAY), now=cast.now, valid_until=cast.now + 100 * DAY)
    site.deliver(charters(zone))
    site.deliver(charters(other))
    for one in (warrant, cast.generate_keys(site.at, zone), cast.generate_keys(site.at, other)):
        assert site.send(one).code == "frozen"
    site.start()
    assert site.send(cast.generate_keys(site.at, zone)).code == "frozen"


def test_the_same_amendment_signed_by_others_is_no_fork(site, cast, zone):
    other = Chain(zone.members, list(zone.charters), list(zone.links))
    for chain, approvers in ((zone, (EMIL, FAY)), (other, (FAY, EMIL))):
        amend_zone(chain, DINA, EMIL, FAY, OSCAR, now=cast.now, newcomers=[OSCAR], approvers=approvers)
        site.deliver(charters(chain))
    assert site.send(cast.generate_keys(site.at, zone)).outcome == "done"


def test_an_expired_charter_authorises_only_its_renewal(site, cast, zone):
    site.clock.now += 301 * DAY
    site.node.parts.clock.not_before(cast.now + 301 * DAY)
    cast.now += 301 * DAY
    assert site.send(cast.generate_keys(site.at, zone)).code == "charter-expired"
    zone.amend(requester=DINA, approvers=(EMIL, FAY), now=cast.now, valid_until=cast.now + 90 * DAY)
    assert site.send(cast.generate_keys(site.at, zone), zone).outcome == "done"


def test_another_founding_charter_of_a_known_customer_is_refused(site, cast):
    members = (DINA, EMIL, FAY, GUS, HANA, LEA)
    forged = make_charter(
        AuthorityKind.CUSTOMER, MERIDIAN, members, now=cast.now, valid_until=cast.now + 9 * DAY
    )
    chain = Chain.founded(forged, members)
    receipt = site.send(cast.start_service(site.at, service=LUMEN, customer=chain), chain)
    assert receipt.code == "other-anchor"


def test_a_service_for_a_customer_whose_founding_is_not_complete_is_refused(make_site, cast):
    site = make_site().enrolled()
    link = cast.lumen.links[0]
    cast.lumen.links[0] = link.model_copy(update={"possession": link.possession[:1]})
    warrant = cast.start_service(site.at, customer=cast.lumen, officers=(IVO, OLGA))
    assert site.send(warrant, cast.northgate, cast.lumen).outcome == "refused"
    assert (AuthorityKind.CUSTOMER, LUMEN.id) not in site.facts.chains


def test_charters_of_strangers_are_left_alone(site, cast):
    head = site.head
    report = site.deliver(charters(cast.lumen))
    assert (report.refused, site.head) == (None, head)


def test_an_amendment_that_is_not_taken_is_refused_aloud(site, cast, zone):
    amend_zone(zone, DINA, EMIL, FAY, OSCAR, now=cast.now, newcomers=[OSCAR], approvers=(EMIL,))
    assert site.deliver(charters(zone)).refused.code == "not-authorised-old"


def test_an_amendment_that_expired_before_the_next_was_proposed_is_no_fork(site, cast, zone):
    withheld = Chain(zone.members, list(zone.charters), list(zone.links))
    withheld.amend(requester=DINA, approvers=(EMIL, FAY), now=cast.now, valid_until=cast.now + 100 * DAY)
    site.clock.now += 30 * DAY
    cast.now += 30 * DAY
    zone.amend(requester=DINA, approvers=(EMIL, FAY), now=cast.now, valid_until=cast.now + 200 * DAY)
    assert site.deliver(charters(zone)).refused is None
    assert site.deliver(charters(withheld)).refused.code == "goes-back"
    assert site.send(cast.generate_keys(site.at, zone)).outcome == "done"


def test_nor_is_one_that_expired_the_moment_the_next_was_proposed(site, cast, zone):
    withheld = Chain(zone.members, list(zone.charters), list(zone.links))
    link = withheld.amend(
        requester=DINA, approvers=(EMIL, FAY), now=cast.now, valid_until=cast.now + 100 * DAY
    )
    expired = OfferedLink.read(link.raw).amendment().expires_at
    cast.now += expired - (cast.now - 60)  # what is proposed begins a minute before it is signed
    site.clock.now = cast.now
    link = zone.amend(requester=DINA, approvers=(EMIL, FAY), now=cast.now, valid_until=cast.now + 200 * DAY)
    assert OfferedLink.read(link.raw).amendment().not_before == expired
    assert site.deliver(charters(zone)).refused is None
    assert site.deliver(charters(withheld)).refused.code == "goes-back"
    assert site.send(cast.generate_keys(site.at, zone)).outcome == "done"


def test_another_successor_without_its_quorum_freezes_nothing(site, cast, zone):
    other = Chain(zone.members, list(zone.charters), list(zone.links))
    amend_zone(zone, DINA, EMIL, FAY, OSCAR, now=cast.now, newcomers=[OSCAR])
    other.amend(requester=DINA, approvers=(EMIL,), now=cast.now, valid_until=cast.now + 100 * DAY)
    assert site.deliver(charters(zone)).refused is None
    refused = site.deliver(charters(other)).refused
    assert (refused.code, refused.message) == (
        "goes-back",
        "The charter is not a version that was ever in force.",
    )
    assert site.send(cast.generate_keys(site.at, zone)).outcome == "done"


def test_who_signs_in_a_group_for_what_hsms_do_cannot_manage_keys_of_the_zone(cast, zone):
    emil = Member("Emil", MERIDIAN, ())
    emil.__dict__["key"] = EMIL.key
    northgate = cast.northgate.current
    rules = tuple(
        one.model_copy(update={"clauses": (Clause(role=None, group="ops", m=2),)})
        if one.operation == "slot.create/v1"
        else one
        for one in northgate.rules
    )
    group = Group(name="ops", people=tuple(sorted((emil.id, ADA.id, BEN.id))))
    mixed = northgate.model_copy(
        update={"people": people(*PROVIDER_PEOPLE, emil), "groups": (group,), "rules": rules}
    )
    assert [one.person for one in conflicts(mixed, zone.current)] == ["Emil"]
    assert conflicts(northgate, zone.current) == ()


@pytest.mark.parametrize("how", ["by id", "by public key"])
def test_who_administers_the_hsm_cannot_manage_keys_of_the_zone(make_site, cast, how):
    if how == "by id":
        both = replace(ADA, organisation=MERIDIAN, roles=(Role.KEY_MANAGER,))
    else:
        both = Member("Adele", MERIDIAN, (Role.KEY_MANAGER,))
        both.__dict__["key"] = ADA.key
    zone = cast.zone(members=(DINA, EMIL, FAY, both))
    site = make_site().serving()
    receipt = site.send(cast.create_slot(site.at, zone), zone)
    assert (receipt.outcome, receipt.code) == ("refused", "separation")
    assert not site.pool.calls["install_backup_key"]


def test_an_amendment_that_joins_duties_stops_the_zone_and_the_next_one_frees_it(site, cast, zone):
    before = people(*PROVIDER_PEOPLE)
    dina = DINA.with_roles(Role.HSM_ADMINISTRATOR)
    cast.northgate.amend(
        requester=CLEO,
        approvers=(JON, KIM),
        newcomers=[DINA],
        now=cast.now,
        people=people(*PROVIDER_PEOPLE, dina),
    )
    site.deliver(charters(cast.northgate))
    assert site.send(cast.generate_keys(site.at, zone)).code == "separation"
    assert (
        site.send(cast.export_log(site.at)).outcome == "done"
    )  # what has nothing to do with the zone goes on
    cast.northgate.amend(requester=CLEO, approvers=(JON, KIM), now=cast.now, people=before)
    assert site.send(cast.generate_keys(site.at, zone), cast.northgate).outcome == "done"


def test_a_provider_whose_people_manage_the_keys_keeps_administrators_apart_too(make_site, cast):
    managers = tuple(member.with_roles(Role.KEY_MANAGER) for member in (CLEO, JON, KIM))
    zone = cast.zone(members=managers, controller="provider")
    site = make_site().serving()
    founding = cast.found_zone(zone)
    warrant = cast.create_slot(site.at, zone, founding, managers=(JON, KIM))
    assert site.send(warrant, zone).code == "separation"  # Cleo administers Northgate's HSMs


def test_links_are_known_again_after_a_start_without_being_sent(site, cast, zone):
    site.start()
    assert site.deliver(carrying(cast.generate_keys(site.at, zone))).said
    assert [place[0] for place in site.facts.chains] == ["provider", "customer", "zone"]
    assert site.facts.provider == NORTHGATE.id


def test_an_amendment_that_is_to_be_in_force_later_is_not_in_force_yet(site, cast, zone):
    """Until then it can be cancelled, whoever hands it to the node before."""
    charter = zone.next_version(valid_until=cast.now + 200 * DAY)
    link = zone.link_to(charter, requester=DINA, approvers=(EMIL, FAY), now=cast.now + DAY)
    early = ChartersMessage(charters=(canonical.b64u(link.raw),))
    place = AuthorityKind.ZONE, PAYMENTS.id
    site.deliver(early)
    assert site.facts.chains[place].current == zone.current
    site.clock.now += DAY
    site.deliver(early)
    assert site.facts.chains[place].current == charter


def test_an_amendment_that_was_cancelled_freezes_nothing(site, cast, zone):
    charter = zone.next_version(valid_until=cast.now + 100 * DAY)
    cancelled = zone.link_to(charter, requester=DINA, approvers=(EMIL, FAY), now=cast.now)
    warrant = Warrant.from_bytes(canonical.b64u_decode(cancelled.warrant))
    proposal = Proposal.from_bytes(warrant.proposal_bytes)
    site.deliver(
        CancellationMessage(
            proposal=canonical.b64u(proposal.raw),
            cancellation=canonical.b64u(cancel(proposal, EMIL, at=cast.now).raw),
        )
    )
    zone.amend(requester=DINA, approvers=(EMIL, FAY), now=cast.now, valid_until=cast.now + 200 * DAY)
    site.deliver(charters(zone))
    site.deliver(ChartersMessage(charters=(canonical.b64u(cancelled.raw),)))
    chain = site.facts.chains[AuthorityKind.ZONE, PAYMENTS.id]
    assert (chain.current, chain.frozen) == (zone.current, False)
