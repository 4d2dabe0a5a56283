"""The charters that name somebody are found in the database: the others need not be read."""

import pytest

from tenants import charters
from tenants.models import CharterState, CharterVersion
from tests.cast.people import CLEO, DINA, IVO

pytestmark = [pytest.mark.django_db, pytest.mark.both_stacks]


@pytest.mark.parametrize("member", [CLEO, DINA, IVO])
def test_they_are_just_those_with_the_person_in_them(world, node, member):
    world.zone(world.service(node))
    in_force = CharterVersion.objects.filter(state=CharterState.IN_FORCE)
    named = {one.pk for one in in_force if member.id in charters.document_of(one).persons}
    found = charters.naming(in_force, member.id)
    assert {one.pk for one in found} == named
    assert 0 < len(named) < in_force.count()
    assert found.count() == len(named)  # asked once more: the query can be made twice
