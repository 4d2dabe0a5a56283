"""A charter is recovered below its quorum by its own clause, with the other side, and in no other way."""

import pytest

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.charters import is_fork, verify_amendment
from hsmnodes.node.protocol.documents import Charter, CharterLink
from hsmnodes.node.protocol.errors import DocumentRefused, Refused
from tests.cast.people import GUS, JON, KIM, LEA
from tests.hsmnodes.node.protocol import amending
from tests.hsmnodes.node.protocol.making import NOW
from tests.hsmnodes.node.protocol.recovering import (
    CHAIN,
    DAY,
    NOT_RECOVERED,
    RECOVERED,
    in_place_of_lea_and_mia,
    recover,
    recovery_with,
)


def attempt(made):
    chain, link = made if isinstance(made, tuple) else (CHAIN, made)
    return chain, link, verify_amendment(chain.current, link)


@pytest.mark.parametrize("make", RECOVERED.values(), ids=RECOVERED.keys())
def test_a_charter_is_recovered(make):
    chain, link, following = attempt(make())
    assert following.version == chain.current.version + 1
    assert CharterLink.from_bytes(link.raw) == link


@pytest.mark.parametrize(("make", "code"), NOT_RECOVERED.values(), ids=NOT_RECOVERED.keys())
def test_a_recovery_is_refused_when(make, code):
    with pytest.raises(Refused) as refused:
        attempt(make())
    assert refused.value.code == code


@pytest.mark.parametrize("lost", [GUS, JON, KIM])
def test_a_suspended_token_counts_on_neither_side(lost):
    with pytest.raises(Refused, match="not-authorised-old"):
        verify_amendment(CHAIN.current, recover(), suspended={lost.key.credential_id})


def test_a_charter_without_the_clause_has_the_very_bytes_it_had():
    charter = amending.CURRENT
    assert charter.recovery is None
    assert b"recovery" not in charter.raw
    assert b"sides" not in amending.link(amending.CHAIN.next_version()).raw


def test_a_clause_that_is_null_is_no_charter():
    raw = canonical.encode(amending.CURRENT.model_dump(mode="json") | {"recovery": None})
    with pytest.raises(DocumentRefused):
        Charter.from_bytes(raw)


@pytest.mark.parametrize("days", [0, 6, 91])
def test_less_than_a_week_or_more_than_a_quarter_is_no_clause(days):
    with pytest.raises(ValueError, match="days"):
        recovery_with(CHAIN.current, days=days)


def test_an_amendment_never_comes_with_charters_of_other_sides():
    link = amending.link(CHAIN.next_version(), chain=CHAIN)
    assert verify_amendment(CHAIN.current, link)
    with pytest.raises(Refused, match="not-a-recovery"):
        verify_amendment(CHAIN.current, link.model_copy(update={"sides": recover().sides}))


def test_two_recoveries_of_one_version_are_a_fork():
    other = recover(in_place_of_lea_and_mia(valid_until=NOW + 200 * DAY))
    assert is_fork(CHAIN.current, recover(), other)
    assert not is_fork(CHAIN.current, recover(), recover())
    assert not is_fork(CHAIN.current, recover(), recover(approvers=(GUS, LEA)))
