"""Where a rule has custodians apart, who gives a share does not count among those who approve it."""

import pytest

from hsmnodes.node.operations.registry import default_rules
from hsmnodes.node.protocol.documents import AuthorityKind, Warrant
from tests.cast.contributing import contribute
from tests.cast.people import CUSTODIANS, DINA, EMIL, FAY
from tests.cast.signing import make_warrant
from tests.hsmnodes.node.agent.gathering import give, member_of, open_ceremony, read_answer, split
from tests.hsmnodes.node.agent.making import carrying
from tests.hsmnodes.node.agent.test_refusals import proposed
from tests.hsmnodes.node.agent.test_suspensions import OSCAR

DRILL = "backup-key.drill/v1"


@pytest.fixture(params=[True, None], ids=["apart", "not apart"])
def apart(request):
    return request.param


@pytest.fixture
def zone(cast, apart):
    rules = tuple(
        one.model_copy(update={"custodians_apart": apart if one.operation == DRILL else None})
        for one in default_rules(AuthorityKind.ZONE)
    )
    return cast.zone(members=(*CUSTODIANS, OSCAR), rules=rules)


@pytest.fixture
def shares(site, cast, zone):
    return split(site, cast.share_backup_key(site.at, zone), zone)[1]


def answer(site, ceremony, shares, index):
    holder = ceremony.holders[index - 1]
    message = contribute(ceremony, member_of(holder.custodian.id), shares[index])
    return read_answer(site, site.deliver(message).said[0])


def drill(cast, site, zone, *approvers):
    return make_warrant(proposed(cast.hold_drill(site.at, zone)), DINA, approvers)


def test_a_share_of_whom_the_quorum_needs_is_refused_and_others_are_taken(site, cast, zone, shares, apart):
    ceremony = open_ceremony(site, drill(cast, site, zone, EMIL, OSCAR), zone)
    said = answer(site, ceremony, shares, 2)  # Emil's
    if not apart:
        assert said.outcome == "accepted"
        return
    assert (said.outcome, said.code) == ("refused", "custodian-apart")
    [_, done] = give(site, ceremony, shares, [1, 3])  # Dina, who requested, and Fay
    assert site.read(done).outcome == "done"


def test_who_approved_beyond_what_is_needed_may_give_a_share(site, cast, zone, shares):
    ceremony = open_ceremony(site, drill(cast, site, zone, EMIL, FAY, OSCAR), zone)
    [_, done] = give(site, ceremony, shares, [1, 2])
    assert site.read(done).outcome == "done"


def test_of_two_who_could_be_spared_one_at_a_time_the_second_is_refused(site, cast, zone, shares, apart):
    ceremony = open_ceremony(site, drill(cast, site, zone, EMIL, FAY, OSCAR), zone)
    assert answer(site, ceremony, shares, 2).outcome == "accepted"
    second = answer(site, ceremony, shares, 3)
    assert second.code == ("custodian-apart" if apart else None)


def test_more_signatures_on_the_warrant_that_opened_it_do_not_help_the_one_that_is_kept(
    site, cast, zone, shares, apart
):
    """What counts is the warrant by which the ceremony was opened: a console cannot swap it afterwards."""
    ceremony = open_ceremony(site, drill(cast, site, zone, EMIL, OSCAR), zone)
    more = make_warrant(proposed_of(site, ceremony), DINA, (EMIL, FAY, OSCAR))
    site.deliver(carrying(more, zone))
    assert answer(site, ceremony, shares, 2).code == ("custodian-apart" if apart else None)


def proposed_of(site, ceremony):
    [known] = [one for one in site.facts.gatherings.values() if one.ceremony == ceremony]
    return proposed(Warrant.from_bytes(known.warrant))
