"""A zone whose charter can be recovered, and a recovery of it that waits out its announcement."""

from hsmnodes.node.protocol.documents import AuthorityKind, Clause, OtherSide, Recovery, Role
from hsmnodes.node.protocol.purposes import Purpose
from tenants import charter_drafts, charters
from tenants.charter_drafts import Duty, Terms
from tenants.models import CharterVersion, Proposal, Service
from tests.cast.people import ADA, DINA, GUS, JON, KIM, LEA, MERIDIAN, Member
from tests.world.hiring import hire
from tests.world.world import World

RECOVER = "charter.recover/v1"
OSCAR = Member("Oscar", MERIDIAN, (Role.KEY_MANAGER,))
PIA = Member("Pia", MERIDIAN, (Role.KEY_MANAGER,))
SIGNERS = (DINA, GUS, LEA, JON, KIM, PIA)


def clause_for_a_zone(world: World, days: int = 30) -> Recovery:
    """One key manager recovers it, with both organisations."""
    sides = ((AuthorityKind.CUSTOMER, world.meridian), (AuthorityKind.PROVIDER, world.northgate))
    known = charters.in_force([organisation.pk for _, organisation in sides])
    return Recovery(
        clauses=(Clause(role=Role.KEY_MANAGER, group=None, m=1),),
        days=days,
        others=tuple(
            OtherSide(kind=kind, id=one.pk, name=one.name, charter=known[one.pk].sha256)
            for kind, one in sides
        ),
    )


def draft_recovery(world: World, current: CharterVersion) -> CharterVersion:
    """Emil and Fay have lost their tokens; Dina drafts Oscar and Pia in their place, who sign."""
    duties = [Duty(world.person(one), (Role.KEY_MANAGER,)) for one in (DINA, OSCAR, PIA)]
    made = charter_drafts.draft_amendment(current=current, duties=duties, by=world.person(DINA))
    for member in (OSCAR, PIA):
        assertion = member.key.sign(Purpose.FOUND, bytes(made.raw))
        charters.sign_charter(charter=made, person=world.person(member), assertion=assertion)
    return made


def parameters_of(current: CharterVersion, draft: CharterVersion) -> dict:
    """What a proposal of the recovery says."""
    recovery = current.document.recovery
    return {
        "authority": {"kind": current.kind, "id": current.authority, "name": current.name},
        "version": draft.version,
        "charter": draft.hash,
        "days": recovery.days if recovery else 30,
        "others": [
            {"kind": one.kind.value, "id": one.id, "name": one.name}
            for one in (recovery.others if recovery else ())
        ],
    }


def recovery_under_way(world: World, service: Service) -> tuple[Proposal, CharterVersion, CharterVersion]:
    """The proposal, the charter in force, and the draft."""
    hire(world.meridian, OSCAR, PIA)
    terms = Terms(recovery=clause_for_a_zone(world))
    zone = world.zone(service, name="Safe", terms=terms)
    current = CharterVersion.objects.get(authority=zone.pk, state="in-force")
    draft = draft_recovery(world, current)
    proposal = world.propose(RECOVER, parameters_of(current, draft), by=ADA)
    return world.approve(proposal, *SIGNERS), current, draft
