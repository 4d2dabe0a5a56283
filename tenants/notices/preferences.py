"""How each person wants to hear of what: what they chose, or else what is usual for their roles."""

from collections.abc import Iterable, Mapping

from django.db import transaction

from hsmnodes.node.protocol.documents import Role
from tenants import charters
from tenants.errors import Invalid
from tenants.models import NoticeChoice, NoticePreference, Person
from tenants.notices.kinds import KINDS, Kind


def choices_of(people: Iterable[Person], kind: Kind) -> Mapping[str, NoticeChoice]:
    """For each of these people, by id, how they hear of an event."""
    asked = list(people)
    chosen = NoticePreference.objects.filter(person__in=asked, event=kind.event)
    own = {one.person_id: NoticeChoice(one.choice) for one in chosen}
    roles = _roles(asked)
    return {
        person.pk: own.get(person.pk) or kind.usual_for(roles.get(person.pk, frozenset())) for person in asked
    }


def choices_for(person: Person) -> list[tuple[Kind, NoticeChoice, NoticeChoice]]:
    """Every event with what holds for a person, and what would hold if they had not chosen."""
    own = {one.event: NoticeChoice(one.choice) for one in NoticePreference.objects.filter(person=person)}
    roles = _roles([person]).get(person.pk, frozenset())
    return [
        (kind, own.get(event) or kind.usual_for(roles), kind.usual_for(roles))
        for event, kind in KINDS.items()
    ]


@transaction.atomic
def choose(*, person: Person, choices: Mapping[str, str]) -> None:
    """Keep what a person chose; what is usual for them anyway is not kept, so that it follows their roles.

    Raises Invalid for an event that there is not, or a choice that it does not have.
    """
    roles = _roles([person]).get(person.pk, frozenset())
    for event, choice in choices.items():
        kind = KINDS.get(event)
        if kind is None or choice not in kind.choices:
            raise Invalid("bad-choice", "There is no such event, or it cannot be told so.")
        if choice == kind.usual_for(roles):
            NoticePreference.objects.filter(person=person, event=event).delete()
        else:
            NoticePreference.objects.update_or_create(person=person, event=event, defaults={"choice": choice})


def _roles(people: Iterable[Person]) -> Mapping[str, frozenset[Role]]:
    """The roles under the charters of their own organisations."""
    found = charters.in_force({person.organisation_id for person in people})
    return {one.id: frozenset(one.roles) for charter in found.values() for one in charter.people}
