"""A recovery below quorum in the console: asked of all, told to all, shown to nodes, late in force."""

from datetime import timedelta

import pytest

from hsmnodes.models import OutboxMessage
from hsmnodes.node.agent.messages import CancellationMessage, read_to_node
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.charters import verify_chain
from hsmnodes.node.protocol.documents import AuthorityKind, Charter, CharterLink, OtherSide, Recovery, Role
from hsmnodes.node.protocol.purposes import Purpose
from tenants import charter_drafts, charters, clock, execution, tokens
from tenants.charter_drafts import Duty, Terms
from tenants.errors import Invalid, SignatureNotAccepted, WrongState
from tenants.models import CharterVersion, Notice, Person, Proposal, State
from tenants.notices import telling
from tenants.recovery import could_recover
from tests.cast.people import ADA, DINA, EMIL, FAY, GUS, HANA, IVO, JON, KIM, LEA, MERIDIAN, Member
from tests.hsmnodes.node.protocol.recovering import clause
from tests.world.hiring import hire
from tests.world.world import World

pytestmark = pytest.mark.django_db

RECOVER = "charter.recover/v1"
OSCAR = Member("Oscar", MERIDIAN, (Role.KEY_MANAGER,))
PIA = Member("Pia", MERIDIAN, (Role.KEY_MANAGER,))
CID = Member("Cid", MERIDIAN, (Role.SECURITY_OFFICER,))
COR = Member("Cor", MERIDIAN, (Role.SECURITY_OFFICER,))


@pytest.fixture
def world():
    world = World()
    hire(world.meridian, OSCAR, PIA)
    return world


@pytest.fixture
def node(world):
    return world.node()


def side(kind: AuthorityKind, authority: str) -> OtherSide:
    charter = charters.in_force([authority])[authority]
    return OtherSide(kind=kind, id=authority, name=charter.authority.name, charter=charter.sha256)


@pytest.fixture
def clause_of_zone(world):
    others = (
        side(AuthorityKind.CUSTOMER, world.meridian.pk),
        side(AuthorityKind.PROVIDER, world.northgate.pk),
    )
    return Recovery(clauses=(clause(1, Role.KEY_MANAGER),), days=30, others=others)


@pytest.fixture
def zone(world, node, clause_of_zone):
    zone = world.zone(world.service(node), terms=Terms(recovery=clause_of_zone))
    world.slot(zone, node)
    return zone


@pytest.fixture
def draft(world, zone):
    """Emil and Fay have lost their tokens; Dina drafts Oscar and Pia in their place."""
    current = CharterVersion.objects.get(authority=zone.pk, state="in-force")
    duties = [Duty(world.person(one), (Role.KEY_MANAGER,)) for one in (DINA, OSCAR, PIA)]
    made = charter_drafts.draft_amendment(current=current, duties=duties, by=world.person(DINA))
    for member in (OSCAR, PIA):
        charters.sign_charter(
            charter=made,
            person=world.person(member),
            assertion=member.key.sign(Purpose.FOUND, bytes(made.raw)),
        )
    return made


def parameters(zone, draft) -> dict:
    recovery = charters.in_force([zone.pk])[zone.pk].recovery
    return {
        "authority": {"kind": "zone", "id": zone.pk, "name": zone.name},
        "version": draft.version,
        "charter": draft.hash,
        "days": recovery.days if recovery else 30,
        "others": [
            {"kind": one.kind.value, "id": one.id, "name": one.name}
            for one in (recovery.others if recovery else ())
        ],
    }


def version(zone) -> int:
    return charters.in_force([zone.pk])[zone.pk].version


def make_due(proposal) -> None:
    Proposal.objects.filter(pk=proposal.pk).update(due_at=clock.now() - timedelta(seconds=1))


def test_it_takes_effect_when_its_days_are_over_and_every_reader_takes_its_link(zone, delayed):
    assert (delayed.state, version(zone)) == (State.DELAYED, 1)
    assert delayed.due_at - clock.now() > timedelta(days=29, hours=23)
    assert execution.take_effect_due() == 0
    make_due(delayed)
    assert execution.take_effect_due() == 1
    assert version(zone) == 2
    chain = charters.chain_of(zone.pk)
    anchor = charters.anchor_of(zone.pk)
    found = verify_chain(chain, anchor=anchor, deployment=found_in(zone), demo=True)
    assert [one.version for one in found] == [1, 2]


def found_in(zone) -> str:
    return charters.in_force([zone.pk])[zone.pk].deployment


@pytest.fixture
def delayed(world, zone, draft):
    proposal = world.propose(RECOVER, parameters(zone, draft), by=ADA)
    return world.approve(proposal, DINA, GUS, LEA, JON, KIM, PIA)


def test_nodes_are_shown_it_at_once_with_the_charters_of_the_other_sides(zone, delayed):
    [row] = OutboxMessage.objects.filter(kind="charters")
    message = read_to_node(row.message)
    last = CharterLink.from_bytes(canonical.b64u_decode(message.charters[-1]))
    assert canonical.b64u_decode(last.warrant) == bytes(delayed.warrant)
    assert len(last.sides) == 2


@pytest.mark.parametrize("member", [DINA, EMIL, FAY, GUS, KIM, ADA], ids=lambda one: one.name)
def test_anybody_concerned_cancels_it_while_it_waits_and_nodes_are_told(world, zone, delayed, member):
    assert world.cancel(delayed, member).state == State.CANCELLED
    [told] = OutboxMessage.objects.filter(kind="cancellation")
    assert isinstance(read_to_node(told.message), CancellationMessage)
    make_due(delayed)
    assert execution.take_effect_due() == 0
    assert version(zone) == 1


def new_officers(world: World) -> None:
    """Meridian Bank gets other security officers: Gus and Lea go, Cid and Cor come."""
    hire(world.meridian, CID, COR)
    current = CharterVersion.objects.get(authority=world.meridian.pk, state="in-force")
    before = charters.document_of(current)
    duties = [
        Duty(Person.objects.get(pk=one.id), one.roles)
        for one in before.people
        if Role.SECURITY_OFFICER not in one.roles
    ]
    duties += [Duty(world.person(one), one.roles) for one in (CID, COR)]
    made = charter_drafts.draft_amendment(
        current=current, duties=duties, by=world.person(GUS), terms=Terms(rules=before.rules)
    )
    for member in (CID, COR):
        charters.sign_charter(
            charter=made,
            person=world.person(member),
            assertion=member.key.sign(Purpose.FOUND, bytes(made.raw)),
        )
    authority = {"kind": "customer", "id": world.meridian.pk, "name": world.meridian.name}
    amendment = world.propose(
        "charter.amend/v1",
        {"authority": authority, "version": made.version, "charter": made.hash},
        by=DINA,
    )
    assert world.approve(amendment, GUS, LEA, CID, COR).state == State.DONE


@pytest.mark.parametrize("member", [CID, GUS], ids=["who came to the side", "who consented for it"])
def test_of_a_side_that_amends_while_it_waits_both_old_and_new_cancel_it(world, zone, delayed, member):
    new_officers(world)
    assert Proposal.objects.get(pk=delayed.pk).state == State.DELAYED
    assert world.cancel(Proposal.objects.get(pk=delayed.pk), member).state == State.CANCELLED


def test_who_is_to_come_cancels_it_and_nodes_are_told_where_they_find_them(world, draft, delayed):
    assert world.cancel(delayed, PIA).state == State.CANCELLED
    message = read_to_node(OutboxMessage.objects.get(kind="cancellation").message)
    assert canonical.b64u_decode(message.coming) == bytes(draft.raw)


def test_nodes_are_shown_the_charters_of_the_other_sides_with_it(world, zone, node, draft):
    new_officers(world)
    OutboxMessage.objects.all().delete()
    proposal = world.propose(RECOVER, parameters(zone, draft), by=ADA)
    world.approve(proposal, DINA, CID, COR, JON, KIM, PIA)
    [row] = OutboxMessage.objects.filter(kind="charters")
    shown = [CharterLink.from_bytes(canonical.b64u_decode(one)) for one in read_to_node(row.message).charters]
    found = [Charter.from_bytes(canonical.b64u_decode(one.charter)) for one in shown]
    assert {(one.authority.id, one.version) for one in found} == {
        (zone.pk, 1),
        (zone.pk, 2),
        (world.meridian.pk, 1),
        (world.meridian.pk, 2),
        (world.northgate.pk, 1),
    }


def test_none_is_proposed_to_a_side_whose_charter_has_expired(world, zone, draft, monkeypatch):
    until = charters.in_force([world.northgate.pk])[world.northgate.pk].valid_until
    monkeypatch.setattr(clock, "unix_now", lambda: until)
    monkeypatch.setattr(clock, "now", lambda: clock.from_unix(until))
    with pytest.raises(WrongState) as refused:
        world.propose(RECOVER, parameters(zone, draft), by=ADA)
    assert refused.value.code in ("charter-expired", "side-expired")


@pytest.mark.parametrize("signed", [(), (DINA, GUS, LEA, JON, KIM, PIA)], ids=["asked for", "announced"])
def test_nobody_begins_a_second_before_they_cancel_their_first(world, zone, draft, signed):
    """Each tells everybody concerned: who could begin many would make people deaf to them."""
    first = world.approve(world.propose(RECOVER, parameters(zone, draft), by=ADA), *signed)
    with pytest.raises(WrongState) as refused:
        world.propose(RECOVER, parameters(zone, draft), by=ADA)
    assert refused.value.code == "recovery-under-way"
    telling.sweep()
    begun = Notice.objects.filter(occasion__event="recovery.begun").values_list(
        "occasion__subject", flat=True
    )
    assert set(begun) == {first.pk}
    assert world.propose(RECOVER, parameters(zone, draft), by=DINA).state == State.PROPOSED
    world.cancel(first, ADA)
    assert world.propose(RECOVER, parameters(zone, draft), by=ADA).state == State.PROPOSED


def test_nobody_else_does(world, delayed):
    for member in (HANA, IVO):
        with pytest.raises(SignatureNotAccepted):
            world.cancel(delayed, member)


def test_also_with_a_suspended_token_which_approves_nothing(world, zone, draft):
    proposal = world.propose(RECOVER, parameters(zone, draft), by=ADA)
    tokens.suspend_token(token=world.person(DINA).tokens.get(), reason="It is lost.", by=None)
    with pytest.raises(SignatureNotAccepted):
        world.approve(proposal, DINA)
    assert world.cancel(proposal, DINA).state == State.CANCELLED


def test_everybody_concerned_is_told_when_it_is_begun_and_when_it_waits(world, zone, draft):
    proposal = world.propose(RECOVER, parameters(zone, draft), by=ADA)
    telling.sweep()
    begun = Notice.objects.filter(occasion__event="recovery.begun", occasion__subject=proposal.pk)
    names = set(begun.values_list("person__name", flat=True))
    assert {"Dina", "Emil", "Fay", "Gus", "Lea", "Hana", "Jon", "Kim"} <= names
    assert "Ivo" not in names
    world.approve(proposal, DINA, GUS, LEA, JON, KIM, PIA)
    telling.sweep()
    delayed = Notice.objects.filter(occasion__event="proposal.delayed", occasion__subject=proposal.pk)
    assert {"Emil", "Fay", "Hana", "Jon"} <= set(delayed.values_list("person__name", flat=True))


def test_without_the_clause_none_can_be_proposed(world, node, draft, zone):
    CharterVersion.objects.filter(authority=zone.pk).update(state="discarded")
    plain = world.zone(world.service(node, name="Other"), name="Cards")
    with pytest.raises((Invalid, WrongState)):
        world.propose(
            RECOVER,
            {
                "authority": {"kind": "zone", "id": plain.pk, "name": plain.name},
                "version": 2,
                "charter": draft.hash,
                "days": 30,
                "others": parameters_of_sides(world),
            },
            by=ADA,
        )


def parameters_of_sides(world) -> list:
    return [
        {"kind": "customer", "id": world.meridian.pk, "name": world.meridian.name},
        {"kind": "provider", "id": world.northgate.pk, "name": world.northgate.name},
    ]


def test_a_draft_that_changes_rules_is_none(world, zone, draft):
    assert could_recover(draft)
    charters.discard_charter(charter=draft, by=world.person(DINA))
    current = CharterVersion.objects.get(authority=zone.pk, state="in-force")
    before = charters.document_of(current)
    duties = [Duty(world.person(one), (Role.KEY_MANAGER,)) for one in (DINA, EMIL, FAY)]
    other = charter_drafts.draft_amendment(
        current=current,
        duties=duties,
        by=world.person(DINA),
        terms=Terms(rules=before.rules[:-1], recovery=before.recovery),
    )
    assert not could_recover(other)
    with pytest.raises(WrongState) as refusal:
        world.propose(RECOVER, parameters(zone, other), by=ADA)
    assert refusal.value.code == "changes-more"
    assert version(zone) == 1
