"""When a proposal is in its time: to the second, with a delay and without."""

import pytest

from hsmnodes.node.protocol.problems import (
    delay_of,
    lifetime_problems,
    rule_problems,
    time_problems,
    validity_problems,
)
from hsmnodes.node.protocol.purposes import Purpose
from hsmnodes.node.protocol.quorum import Consent, Signatures, evaluate
from hsmnodes.node.protocol.seating import rules_for
from tests.cast.people import DINA, EMIL, FAY, GUS, HANA
from tests.cast.signing import approve
from tests.hsmnodes.node.protocol.making import AMEND, GENERATE, NOW, make_charter, make_proposal, rule

DAY = 86_400
PEOPLE = (DINA, EMIL, FAY, GUS, HANA)
MANAGERS = (2, "key-manager")
AT_ONCE = make_charter(PEOPLE, rule(GENERATE, MANAGERS))
SLOW = make_charter(PEOPLE, rule(GENERATE, MANAGERS, delay=DAY), rule(AMEND, MANAGERS, delay=3 * DAY))
SLOWER = make_charter(PEOPLE, rule(GENERATE, MANAGERS, delay=2 * DAY))
BEGINS, ENDS = NOW, NOW + 2 * DAY
PROPOSAL = make_proposal(AT_ONCE, not_before=BEGINS, expires_at=ENDS)


def told(charter, now, announced=None):
    found = time_problems([charter], PROPOSAL, now, announced=announced)
    assert all(one.message for one in found)
    return [one.code for one in found]


def test_it_begins_and_ends_on_the_second():
    assert [told(AT_ONCE, now) for now in (BEGINS - 1, BEGINS, ENDS - 1, ENDS)] == [
        ["too-early"],
        [],
        [],
        ["expired"],
    ]


def test_what_was_announced_counts_only_where_there_is_a_delay():
    assert told(AT_ONCE, ENDS, announced=BEGINS) == ["expired"]
    assert told(SLOW, ENDS, announced=BEGINS) == []


def test_a_delay_moves_the_end_on_by_just_its_length():
    assert told(SLOW, ENDS + DAY - 1, announced=ENDS - 1) == []
    assert told(SLOW, ENDS + DAY, announced=ENDS - 1) == ["expired"]
    assert told(SLOW, ENDS + 1, announced=ENDS) == ["expired"]
    assert told(SLOW, ENDS, announced=BEGINS - 1) == ["too-early"]


@pytest.mark.parametrize(("announced", "authorised"), [(BEGINS, True), (None, False)])
def test_what_was_announced_in_its_time_is_authorised_after_it(announced, authorised):
    proposal = make_proposal(SLOW, not_before=BEGINS, expires_at=ENDS)
    signatures = Signatures(
        HANA.key.sign(Purpose.PROPOSE, proposal.raw), tuple(approve(proposal, one) for one in (DINA, EMIL))
    )
    consent = Consent((SLOW.authority.kind,))
    verdict = evaluate([SLOW], proposal, signatures, consent=consent, now=ENDS, announced=announced)
    assert verdict.authorised is authorised


def test_without_an_announcement_a_delay_moves_nothing():
    assert told(SLOW, ENDS) == ["expired"]
    assert told(SLOW, ENDS - 1) == []


def test_of_several_delays_the_longest_counts():
    assert delay_of([AT_ONCE, SLOW, SLOWER], GENERATE) == 2 * DAY
    assert delay_of([SLOWER, AT_ONCE, SLOW], AMEND) == 3 * DAY
    assert delay_of([AT_ONCE], GENERATE) == delay_of([], GENERATE) == 0


@pytest.mark.parametrize(("longest", "codes"), [(2 * DAY, []), (2 * DAY - 1, ["lives-too-long"])])
def test_a_rule_says_how_long_a_proposal_may_live(longest, codes):
    charter = make_charter(PEOPLE, rule(GENERATE, MANAGERS, lifetime=longest))
    assert [one.code for one in lifetime_problems([charter], PROPOSAL)] == codes


def test_a_charter_decides_while_it_is_valid_and_says_so_to_the_second():
    def found(operation, now):
        problems = validity_problems([AT_ONCE], operation, now)
        assert all(AT_ONCE.authority.name in one.message for one in problems)
        return [one.code for one in problems]

    begins, ends = AT_ONCE.valid_from, AT_ONCE.valid_until
    seconds = (begins - 1, begins, ends - 1, ends)
    assert [found(GENERATE, now) for now in seconds] == [["charter-not-yet"], [], [], ["charter-expired"]]
    assert [found(AMEND, now) for now in seconds] == [["charter-not-yet"], [], [], []]


def test_where_no_charter_decides_nothing_is_decided():
    [problem] = rule_problems([], rules_for(GENERATE), 1)
    assert (problem.code, problem.message) == ("no-charter", "No charter decides.")
