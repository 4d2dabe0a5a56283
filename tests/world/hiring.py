"""Further people in the world, beside those whom the charters of their organisations have."""

from tenants import tokens
from tenants.models import Organisation, Person
from tests.cast.people import Member


def hire(organisation: Organisation, *members: Member) -> None:
    """Each with a token."""
    for member in members:
        person = Person.objects.create(id=member.id, organisation=organisation, name=member.name)
        tokens.enrol_token(person=person, token=member.key.token(), invitation=None)
