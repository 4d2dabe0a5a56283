"""What is said of an operation, against every set of people there is: each signs, and `evaluate()` counts."""

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from tenants.analysis.deciding import Decision
from tenants.analysis.humans import NOTHING, Loss, anyone, has_duty
from tests.hsmnodes.node.protocol.making import GENERATE, NOW
from tests.hsmnodes.node.protocol.random_charters import AMPLE, AMPLY_VARIED, TOKENS, made_charters
from tests.tenants.analysis.every_set import EverySet, losses_in, names, sets_in, subsets


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("requests", [anyone, has_duty])
@settings(max_examples=100)
@given(charters=made_charters(AMPLE) | made_charters(AMPLY_VARIED), data=st.data())
def test_every_answer_is_that_of_trying_everything(requests, charters, data):
    floor = data.draw(st.sampled_from([1, 1, 1, 2]))
    lost = data.draw(losses(charters))
    decision = Decision(charters, GENERATE, floor=floor, now=NOW, requests=requests, lost=lost)
    truth = EverySet(charters, floor, only_duties=requests is has_duty, lost=lost)
    enough = truth.enough

    assert {human.identity for human in decision.humans} == truth.everyone
    assert decision.possible == bool(enough)
    event(f"possible: {decision.possible}, charters: {len(charters)}")
    if not enough:
        assert (decision.alone, decision.spare, decision.weaknesses) == (frozenset(), -1, [])
        assert decision.mixtures() == ([], True)
        return
    least = min(map(len, enough))
    assert decision.needed == least
    smallest = sets_in(decision)
    minimal = {people for people in enough if not any(other < people for other in enough)}
    if len(decision.ways) == 1:
        assert len(set(smallest)) == len(smallest)
        assert set(smallest) == minimal
    assert minimal <= set(smallest) <= set(enough)
    assert all(any(few <= people for few in smallest) for people in enough)
    assert decision.alone == {
        organisation
        for organisation in {one for human in decision.humans for one in human.organisations}
        if names(human for human in decision.humans if organisation in human.organisations) in enough
    }
    fatal = [gone for gone in subsets(truth.everyone) if truth.everyone - gone not in enough]
    fewest = min(map(len, fatal))
    event(f"spare: {decision.spare}, alternatives: {len(decision.ways)}")
    assert decision.spare == fewest - 1
    assert losses_in(decision) == {gone for gone in fatal if len(gone) == fewest}


@st.composite
def losses(draw, charters) -> Loss:
    """Nothing, or a person or two and a token or two."""
    if draw(st.booleans()):
        return NOTHING
    people = sorted({person.id for charter in charters for person in charter.people})
    return Loss(
        frozenset(draw(st.lists(st.sampled_from(people), max_size=1))),
        frozenset(token.credential_id for token in draw(st.lists(st.sampled_from(TOKENS), max_size=2))),
    )
