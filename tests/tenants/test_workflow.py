"""The life of a proposal: who can move it on, and that nobody else can."""

from datetime import timedelta

import pytest

from hsmnodes.node.protocol.purposes import Purpose
from tenants import access, clock, log, verdicts, workflow
from tenants.errors import DomainError, Invalid, NotAllowed, SignatureNotAccepted, WrongState
from tenants.models import Approval, LogEntry, Proposal, State, Token
from tests.cast.people import ADA, BEN, CLEO, DINA, EMIL, FAY, GUS, HANA, IVO, JON, LEA

pytestmark = [pytest.mark.django_db, pytest.mark.both_stacks]


@pytest.fixture
def proposal(world, node, once):
    """Cleo's proposal to start a service: Ada and Ben, Gus and Lea are asked."""
    return once(lambda: world.propose_service(node), node)


def state(proposal):
    return Proposal.objects.get(pk=proposal.pk).state


def refusal(action, *args, **kwargs):
    """The code of the refusal; nothing was stored."""
    before = Approval.objects.count()
    with pytest.raises(DomainError) as refused:
        action(*args, **kwargs)
    assert Approval.objects.count() == before
    return refused.value.code


def test_the_whole_story_leaves_a_log_without_a_flaw(world, node):
    zone = world.ready_zone(node)
    made = world.key(zone, node)

    assert made.state == State.DONE
    assert list(log.verify()) == []


def test_signatures_come_one_by_one_and_the_last_authorises(world, proposal):
    for member in (ADA, GUS, BEN):
        assert world.approve(proposal, member).state == State.PROPOSED
    assert world.approve(proposal, LEA).state == State.AUTHORISED
    assert verdicts.standing_of(Proposal.objects.get(pk=proposal.pk)).authorised


def test_the_requester_cannot_approve(world, proposal):
    assert refusal(world.approve, proposal, CLEO) == "requester"


def test_a_person_counts_once(world, proposal):
    world.approve(proposal, ADA)
    assert refusal(world.approve, proposal, ADA) == "counted-already"


@pytest.mark.parametrize("member", [JON, DINA, HANA], ids=lambda member: member.name)
def test_whose_role_no_clause_asks_for_cannot_approve(world, proposal, member):
    assert refusal(world.approve, proposal, member) == "no-seat"


def test_an_outsider_cannot_approve(world, proposal):
    assert refusal(world.approve, proposal, IVO) == "unknown-token"


def test_one_person_cannot_use_anothers_token(world, proposal):
    assertion = ADA.key.sign(Purpose.APPROVE, bytes(proposal.raw))
    assert (
        refusal(workflow.approve, proposal=proposal, person=world.person(BEN), assertion=assertion)
        == "other-person"
    )


@pytest.mark.parametrize("purpose", [Purpose.SIGN_IN, Purpose.PROPOSE, Purpose.CANCEL, Purpose.REJECT])
def test_a_signature_for_another_purpose_is_no_approval(world, proposal, purpose):
    assertion = ADA.key.sign(purpose, bytes(proposal.raw))
    assert (
        refusal(workflow.approve, proposal=proposal, person=world.person(ADA), assertion=assertion)
        == "other-challenge"
    )


def test_a_signature_for_other_bytes_is_no_approval(world, proposal):
    assertion = ADA.key.sign(Purpose.APPROVE, bytes(proposal.raw) + b" ")
    assert (
        refusal(workflow.approve, proposal=proposal, person=world.person(ADA), assertion=assertion)
        == "other-challenge"
    )


def test_a_rejection_closes_it_for_good(world, proposal):
    world.approve(proposal, ADA)
    assert world.reject(proposal, LEA).state == State.REJECTED
    assert refusal(world.approve, proposal, BEN) == "wrong-state"


def test_only_who_could_sign_can_reject(world, proposal):
    assert refusal(world.reject, proposal, DINA) == "does-not-close"
    assert state(proposal) == State.PROPOSED


def test_the_requester_can_cancel(world, proposal):
    assert world.cancel(proposal, CLEO).state == State.CANCELLED


def test_a_cancellation_on_the_way_is_sent_after_the_warrant(
    world, proposal, node, no_broker, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        world.approve(proposal, ADA, BEN, GUS, LEA)
        world.cancel(proposal, CLEO)

    assert state(proposal) == State.SENT
    kinds = [message.kind for to, message in no_broker.sent if to == node.id]
    assert kinds.index("warrant") < kinds.index("cancellation")


def test_what_nobody_signed_in_time_expires(world, proposal, monkeypatch):
    later = clock.now() + timedelta(days=8)
    monkeypatch.setattr(clock, "now", lambda: later)

    assert workflow.expire_due() == 1
    assert state(proposal) == State.EXPIRED
    assert refusal(world.approve, proposal, ADA) == "wrong-state"


def test_an_expired_proposal_is_not_approved_even_before_it_is_swept(world, proposal, monkeypatch):
    later = clock.now() + timedelta(days=8)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert refusal(world.approve, proposal, ADA) == "expired"


def test_a_draft_waits_for_its_requester_alone(world, node):
    draft = world.draft("node.export-log/v1", export(node), by=CLEO, nodes=[node])
    assertion = ADA.key.sign(Purpose.PROPOSE, bytes(draft.raw))
    with pytest.raises(NotAllowed):
        workflow.propose(proposal=draft, person=world.person(ADA), assertion=assertion)
    assert state(draft) == State.DRAFT
    assert not draft.waiting.exists()


def test_an_auditor_and_an_outsider_cannot_even_draft(world, node):
    zone = world.ready_zone(node)
    for member in (HANA, JON):
        with pytest.raises(NotAllowed):
            world.propose_key(zone, node, by=member)
    with pytest.raises(Invalid):
        world.propose_key(zone, node, by=IVO)


def test_a_suspended_token_is_not_accepted(world, proposal):
    Token.objects.filter(person=ADA.id).update(suspended_at=clock.now())
    assert refusal(world.approve, proposal, ADA) == "suspended-token"


def test_a_counter_that_goes_back_suspends_the_token_and_raises_an_alarm(world, proposal):
    Token.objects.filter(person=ADA.id).update(counter=1_000_000)

    assert refusal(world.approve, proposal, ADA) == "counter-went-back"

    assert Token.objects.get(person=ADA.id).suspended_at is not None
    assert LogEntry.objects.filter(event="token.suspended", severity="alarm").exists()
    assert refusal(world.approve, proposal, ADA) == "suspended-token"


def test_a_simulated_token_is_nothing_outside_a_demo(world, proposal):
    from tenants.models import Deployment

    Deployment.objects.update(demo=False)
    assert refusal(world.approve, proposal, ADA) == "simulated"


def test_a_zone_is_founded_only_when_every_founder_has_signed(world, node):
    charter = world.draft_zone(world.service(node))
    with pytest.raises(WrongState) as refused:
        world.propose_zone(charter)
    assert refused.value.code == "charter-unsigned"
    assert access.charter_in_force(charter.authority) is None


def test_a_founded_zone_has_its_charter_in_force_and_a_warrant_as_evidence(world, node):
    zone = world.zone(world.service(node))
    assert zone.founded_at is not None
    assert access.charter_in_force(zone.id).version == 1
    slot = world.propose_slot(zone, node)
    authorised = world.approve(slot, ADA, BEN, DINA, EMIL)
    from hsmnodes.node.protocol.documents import Warrant

    assert len(Warrant.from_bytes(bytes(authorised.warrant)).evidence) == 1


def test_the_inbox_holds_just_those_who_can_still_sign(world, proposal):
    def asked():
        return set(proposal.waiting.values_list("person__name", flat=True))

    assert asked() == {"Ada", "Ben", "Gus", "Lea"}
    world.approve(proposal, ADA)
    assert asked() == {"Ben", "Gus", "Lea"}
    world.approve(proposal, BEN, GUS, LEA)
    assert asked() == set()


def test_every_refusal_leaves_the_state_as_it_was(world, proposal):
    bad = ADA.key.sign(Purpose.SIGN_IN, bytes(proposal.raw))
    with pytest.raises(SignatureNotAccepted):
        workflow.approve(proposal=proposal, person=world.person(ADA), assertion=bad)
    standing = verdicts.standing_of(Proposal.objects.get(pk=proposal.pk))
    assert (state(proposal), standing.missing) == (State.PROPOSED, 4)


def test_unknown_parameters_make_no_draft(world, node):
    from hsmnodes.node.protocol.errors import DocumentRefused

    with pytest.raises(DocumentRefused):
        world.draft("node.export-log/v1", export(node) | {"more": 1}, by=CLEO, nodes=[node])


def export(node):
    return {"node": node.row.named().model_dump(), "from_sequence": 1, "to_sequence": 1}


def test_two_of_three_with_the_third_as_requester(world, node):
    zone = world.ready_zone(node)
    proposal = world.propose_key(zone, node)
    assert set(proposal.waiting.values_list("person__name", flat=True)) == {"Emil", "Fay"}
    assert world.approve(proposal, EMIL, FAY).state == State.AUTHORISED
