"""What a verdict tells people: who counted, what was ignored and why, what is missing, who closed it."""

from dataclasses import replace
from typing import Any

import pytest

from hsmnodes.node.protocol.closing import Closed
from hsmnodes.node.protocol.documents import Approval
from hsmnodes.node.protocol.purposes import Purpose
from hsmnodes.node.protocol.quorum import Verdict
from tests.cast.people import HANA, IVO, make_id
from tests.cast.signing import approve, cancel, reject
from tests.hsmnodes.node.protocol.making import NOW, make_proposal
from tests.hsmnodes.node.protocol.scenes import MANAGERS, Scene, approval_by, make_scene

ONE, TWO, THREE = MANAGERS[:3]
SCENE = make_scene(2, 3, requester_is_one=True)


def reasons(*approvals: Approval, scene: Scene = SCENE, **circumstances: Any) -> list[tuple[str | None, str]]:
    ignored = scene.judge(approvals, **circumstances).ignored
    signed = [one.assertion.credential_id for one in approvals]
    assert all(one.credential_id in signed and one.message for one in ignored)
    return [(one.person, one.code) for one in ignored]


def test_each_signature_that_does_not_count_stands_with_its_reason():
    proposal = SCENE.proposal
    good = approve(proposal, ONE)
    assert reasons(good) == []
    assert reasons(good, good) == [(ONE.name, "counted-already")]
    assert reasons(good, approval_by(proposal, ONE.second_key)) == [(ONE.name, "counted-already")]
    assert reasons(approve(proposal, THREE)) == [(THREE.name, "requester")]
    assert reasons(approve(proposal, HANA)) == [(HANA.name, "no-seat")]
    assert reasons(approve(proposal, IVO)) == [(None, "unknown-token")]
    assert reasons(good.model_copy(update={"proposal": "0" * 64})) == [(None, "other-proposal")]
    assert reasons(approval_by(proposal, ONE.key, Purpose.PROPOSE)) == [(None, "other-challenge")]
    assert reasons(approval_by(proposal, ONE.key, flags=0x01)) == [(None, "user-not-verified")]


def test_what_a_suspended_token_signed_does_not_count_and_with_another_its_holder_does():
    one, two = approve(SCENE.proposal, ONE), approve(SCENE.proposal, TWO)
    lost = {"suspended": {ONE.key.credential_id}}
    assert reasons(one, two, **lost) == [(ONE.name, "suspended")]
    assert SCENE.judge([one, two], **lost).missing == 1
    assert SCENE.judge([one, two, approval_by(SCENE.proposal, ONE.second_key)], **lost).authorised


def test_what_a_suspended_token_requested_is_not_authorised():
    everyone = [approve(SCENE.proposal, ONE), approve(SCENE.proposal, TWO)]
    assert SCENE.judge(everyone).authorised
    verdict = SCENE.judge(everyone, suspended={THREE.key.credential_id})
    assert (verdict.missing, verdict.authorised) == (0, False)
    [problem] = verdict.problems
    assert (problem.code, problem.message) == (
        "request-suspended",
        "The requester signed with a token that is suspended.",
    )


def test_what_a_stranger_requested_is_not_authorised_and_says_why():
    everyone = [approve(SCENE.proposal, ONE), approve(SCENE.proposal, TWO)]
    verdict = SCENE.judge(everyone, request=IVO.key.sign(Purpose.PROPOSE, SCENE.proposal.raw))
    [problem] = verdict.problems
    assert (problem.code, verdict.authorised) == ("request-unknown-token", False)
    assert problem.message.startswith("The requester's own signature does not hold: ")


@pytest.mark.parametrize(("apart", "ignored"), [(True, [(ONE.name, "custodian-apart")]), (None, [])])
def test_who_gives_a_share_does_not_count_where_a_rule_says_so(apart, ignored):
    scene = make_scene(2, 3, requester_is_one=True, apart=apart)
    approvals = [approve(scene.proposal, one) for one in (ONE, TWO)]
    assert reasons(*approvals, scene=scene, contributors=[ONE.id]) == ignored
    assert scene.judge(approvals, contributors=[ONE.id]).authorised is (not apart)


def test_a_clause_says_who_sits_in_it_who_could_and_how_many_are_missing():
    verdict = SCENE.judge([approve(SCENE.proposal, TWO)])
    (clause,) = verdict.clauses
    assert [one.person.name for one in clause.seated] == [TWO.name]
    assert (clause.missing, verdict.missing) == (1, 1)
    assert set(clause.eligible) == {ONE.id, TWO.id}
    assert clause.authority == SCENE.charter.authority


def test_a_spare_approval_is_neither_counted_nor_ignored():
    scene = make_scene(1, 3)
    verdict = scene.judge([approve(scene.proposal, one) for one in (TWO, ONE)])
    assert [one.person.name for one in verdict.counted] == [TWO.name]
    assert verdict.ignored == ()


def test_the_first_who_closes_a_proposal_is_named_with_the_reason():
    rejection, cancellation = reject(SCENE.proposal, ONE, at=NOW), cancel(SCENE.proposal, THREE, at=NOW)
    reason = "It is not what we agreed."
    verdict = SCENE.judge([], rejections=(rejection,), cancellations=(cancellation,))
    assert verdict.closed == Closed("rejected", ONE.name, reason)
    verdict = SCENE.judge([], cancellations=(cancellation,))
    assert verdict.closed == Closed("cancelled", THREE.name, reason)


def test_problems_are_told_all_at_once():
    found = SCENE.judge([], now=SCENE.charter.valid_until, floor=3)
    assert [one.code for one in found.problems] == ["expired", "charter-expired", "below-floor"]


@pytest.mark.parametrize("change", [{"deployment": make_id("another")}, {"demo": False}], ids=str)
def test_a_proposal_of_another_deployment_than_its_charter_is_told_apart(change):
    proposal = make_proposal(SCENE.charter, requester=THREE, **change)
    [problem] = replace(SCENE, proposal=proposal).judge([]).problems
    assert (problem.code, problem.message) == (
        "other-deployment",
        "The proposal and a charter are of different deployments.",
    )


def test_a_verdict_about_nothing_authorises_nothing():
    assert not Verdict().authorised
