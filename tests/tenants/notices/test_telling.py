"""Who is told of what: each person it concerns, once, as far as they may see it."""

import pytest

from hsmnodes import incoming
from hsmnodes.node.protocol.purposes import Purpose
from tenants import charter_drafts, clock, inbox, tokens, verdicts
from tenants.charter_drafts import Duty
from tenants.errors import Invalid
from tenants.models import CharterVersion, Notice, NoticeChoice, Occasion, Person, Proposal
from tenants.notices import audience, deadlines, kinds, preferences, telling
from tenants.notices.reading import count_unread
from tests.cast.people import CLEO, DINA, EMIL, FAY, GUS, IVO, LEA, OLGA

pytestmark = [pytest.mark.django_db, pytest.mark.both_stacks]


@pytest.fixture
def node(world):
    return world.node()


@pytest.fixture
def zone(world, node):
    zone = world.zone(world.service(node))
    world.slot(zone, node)
    return zone


@pytest.fixture
def proposal(world, zone, node):
    telling.sweep()
    Notice.objects.all().delete()
    return world.propose_key(zone, node)


def test_those_whose_signature_it_can_use_are_told_that_it_waits(proposal, told):
    assert told(kinds.PROPOSAL_WAITING) == ["Emil", "Fay"]


def test_who_signed_is_not_told_of_it_and_everyone_involved_is(world, proposal, told):
    telling.sweep()
    world.approve(proposal, EMIL)
    assert told(kinds.PROPOSAL_SIGNED) == ["Dina", "Fay"]


def test_what_was_carried_out_is_told_to_those_involved_and_the_auditor(world, proposal, node, told):
    telling.sweep()
    node.answer(world.approve(proposal, EMIL, FAY), results=node.key_results(proposal))
    assert told(kinds.PROPOSAL_DONE) == ["Dina", "Emil", "Fay", "Hana"]


def test_a_delay_is_told_at_once_to_all_who_could_be_surprised_by_what_it_delays(world, proposal, node, told):
    due = clock.unix_now() + 86_400
    node.answer(
        world.approve(proposal, EMIL, FAY),
        outcome="refused",
        code="delayed",
        detail="It must wait.",
        results={"announced_at": due - 86_400, "due_at": due},
    )
    assert told(kinds.PROPOSAL_DELAYED) == ["Dina", "Emil", "Fay", "Gus", "Hana", "Jon", "Kim", "Lea"]
    assert told(kinds.PROPOSAL_FAILED) == []


def test_what_failed_is_told_to_the_administrators_of_the_hsm_too(world, proposal, node, told):
    telling.sweep()
    node.answer(
        world.approve(proposal, EMIL, FAY), outcome="failed", code="driver-failed", detail="It broke."
    )
    assert told(kinds.PROPOSAL_FAILED) == ["Ada", "Ben", "Cleo", "Dina", "Emil", "Fay", "Hana"]


def test_a_rejection_reaches_those_who_were_asked_although_it_waits_for_nobody_any_more(
    world, proposal, told
):
    telling.sweep()
    world.reject(proposal, EMIL)
    assert told(kinds.PROPOSAL_CLOSED) == ["Dina", "Fay", "Hana"]


def test_who_is_asked_later_is_told_then_and_nobody_else_again(proposal, told):
    """As when a token that signed is suspended: the seat is empty again, and waits for others, too."""
    fay = Person.objects.get(pk=FAY.id)
    fay.inbox.all().delete()
    assert told(kinds.PROPOSAL_WAITING) == ["Emil"]
    first = Notice.objects.get(person=EMIL.id)
    inbox.refresh(proposal, verdicts.standing_of(proposal))
    assert told(kinds.PROPOSAL_WAITING) == ["Emil", "Fay"]
    assert Notice.objects.get(person=EMIL.id) == first


def test_nobody_of_another_organisation_hears_of_it(world, proposal, node, told):
    node.answer(world.approve(proposal, EMIL, FAY), results=node.key_results(proposal))
    tokens.suspend_token(token=world.person(EMIL).tokens.first(), reason="Lost.", by=world.person(GUS))
    telling.sweep()
    assert Notice.objects.exists()
    assert not Notice.objects.filter(person__in=[IVO.id, OLGA.id], occasion__customer=world.meridian.id)
    assert not Notice.objects.filter(person__organisation=world.lumen).exclude(occasion__provider=world.lumen)


def test_who_is_named_and_may_not_see_what_it_is_about_hears_nothing(world, proposal, told, monkeypatch):
    """Even if Ivo were counted among those it concerns: what he does not see he is not told of."""
    monkeypatch.setitem(
        audience._AUDIENCES,
        kinds.PROPOSAL_WAITING,
        lambda _: {IVO.id, EMIL.id},
    )
    assert told(kinds.PROPOSAL_WAITING) == ["Emil"]


def test_what_nobody_decides_who_sees_is_told_to_nobody(proposal, told):
    Occasion.objects.filter(event=kinds.PROPOSAL_WAITING).update(subject_kind="thing")
    assert told(kinds.PROPOSAL_WAITING) == []


def test_it_is_told_once_however_often_it_is_tried(proposal):
    telling.sweep()
    before = set(Notice.objects.values_list("pk", flat=True))
    assert before
    for _ in range(3):
        Occasion.objects.filter(subject=proposal.pk).update(told_at=None)
        assert telling.sweep()
    assert set(Notice.objects.values_list("pk", flat=True)) == before


def test_the_same_occasion_noted_twice_is_one(world, proposal, told):
    for _ in range(2):
        inbox.clear(proposal)
        inbox.refresh(proposal, verdicts.standing_of(proposal))
    assert Occasion.objects.filter(event=kinds.PROPOSAL_WAITING, subject=proposal.pk).count() == 1
    assert told(kinds.PROPOSAL_WAITING) == ["Emil", "Fay"]


def test_a_suspended_token_is_told_to_its_holder_and_the_officers_who_see_it(world, proposal, told):
    telling.sweep()
    tokens.suspend_token(token=world.person(EMIL).tokens.first(), reason="Lost.", by=world.person(GUS))
    assert told(kinds.TOKEN_SUSPENDED) == ["Emil", "Gus", "Jon", "Kim", "Lea"]


def test_forged_receipts_are_one_alarm_an_hour_to_officers_and_administrators(world, node, zone, told):
    proposal = world.approve(world.propose_key(zone, node), EMIL, FAY)
    forged = node.sign(Purpose.HEARTBEAT, node.receipt(proposal), kind="receipt")
    for _ in range(5):
        incoming.receive(forged)
    assert told(kinds.ALARM_RAISED) == ["Ada", "Ben", "Cleo", "Jon", "Kim"]
    assert Occasion.objects.filter(event=kinds.ALARM_RAISED).count() == 1


def test_a_charter_that_changed_is_told_to_those_in_it_before_and_after(world, told):
    """Hana is left out of the new version: she is told, as all who stay are."""
    current = CharterVersion.objects.get(authority=world.meridian.id, state="in-force")
    duties = [Duty(world.person(one), one.roles) for one in (DINA, EMIL, FAY, GUS, LEA)]
    draft = charter_drafts.draft_amendment(current=current, duties=duties, by=world.person(GUS))
    telling.sweep()
    Notice.objects.all().delete()
    amendment = world.propose(
        "charter.amend/v1",
        {
            "authority": {"kind": "customer", "id": world.meridian.id, "name": world.meridian.name},
            "charter": draft.hash,
            "version": draft.version,
        },
        by=DINA,
    )
    world.approve(amendment, GUS, LEA)
    assert Proposal.objects.get(pk=amendment.pk).state == "done"
    assert set(told(kinds.CHARTER_CHANGED)) >= {"Dina", "Emil", "Fay", "Gus", "Lea", "Hana"}


def test_a_charter_that_ends_is_told_six_weeks_two_weeks_and_three_days_ahead(world, told, later):
    version = CharterVersion.objects.get(authority=world.meridian.id, state="in-force")
    heard = []
    for days_left in (50, 41, 40, 13, 12, 2, 1):
        left = (version.valid_until - later()).days
        later(days=left - days_left)
        deadlines.note_deadlines()
        told(kinds.CHARTER_EXPIRING)
        heard.append(Occasion.objects.filter(event=kinds.CHARTER_EXPIRING, subject=version.pk).count())
    assert heard == [0, 1, 1, 2, 2, 3, 3]
    assert {"Gus", "Lea", "Dina"} <= set(told(kinds.CHARTER_EXPIRING, occasion__subject=version.pk))


def test_a_proposal_that_expires_soon_is_told_once_to_those_it_waits_for(proposal, told, later):
    deadlines.note_deadlines()
    assert told(kinds.PROPOSAL_EXPIRING) == []
    later(seconds=(proposal.expires_at - later()).total_seconds() - 3600)
    for _ in range(2):
        deadlines.note_deadlines()
    assert told(kinds.PROPOSAL_EXPIRING) == ["Dina", "Emil", "Fay"]


def test_that_it_waits_is_no_news_to_who_has_signed_and_to_nobody_once_it_is_closed(world, proposal):
    def waiting_unread():
        telling.sweep()
        unread = Notice.objects.filter(occasion__event=kinds.PROPOSAL_WAITING, read_at=None)
        return sorted(unread.values_list("person__name", flat=True))

    assert waiting_unread() == ["Emil", "Fay"]
    world.approve(proposal, EMIL)
    assert waiting_unread() == ["Fay"]
    world.reject(proposal, FAY)
    assert waiting_unread() == []


# ------------------------------------------------------------------ preferences


def test_without_a_choice_what_is_usual_for_the_roles_holds(world):
    heard = preferences.choices_of([world.person(CLEO), world.person(GUS)], kinds.KINDS[kinds.NODE_OFFLINE])
    assert heard == {CLEO.id: NoticeChoice.MAIL, GUS.id: NoticeChoice.CONSOLE}


def test_what_is_quiet_stands_in_the_list_and_is_not_counted(world, proposal, told):
    emil, fay = world.person(EMIL), world.person(FAY)
    preferences.choose(person=emil, choices={kinds.PROPOSAL_WAITING: "quiet"})
    assert told(kinds.PROPOSAL_WAITING) == ["Emil", "Fay"]
    assert (count_unread(emil), count_unread(fay)) == (0, 1)


def test_what_is_urgent_cannot_be_made_quiet(world):
    with pytest.raises(Invalid, match="cannot be told so"):
        preferences.choose(person=world.person(GUS), choices={kinds.ALARM_RAISED: "quiet"})
    for kind in kinds.KINDS.values():
        assert (NoticeChoice.QUIET in kind.choices) != kind.urgent


@pytest.mark.parametrize("choice", ["", "loud", "mail "])
def test_a_choice_that_there_is_not_is_refused(world, choice):
    with pytest.raises(Invalid, match="no such event"):
        preferences.choose(person=world.person(GUS), choices={kinds.PROPOSAL_WAITING: choice})


def test_every_event_has_an_audience():
    assert set(audience._AUDIENCES) == set(kinds.KINDS)
