"""Fixtures for what people are told."""

import pytest

from tenants.models import Notice
from tenants.notices import addresses, telling
from tests.cast.people import Member


@pytest.fixture
def told(world):
    """What has been told: the names of those who heard of an event, once everything due was told."""

    def telling_of(event, **about):
        telling.sweep()
        found = Notice.objects.filter(occasion__event=event, **about)
        return sorted(found.values_list("person__name", flat=True))

    return telling_of


@pytest.fixture
def give_address(world):
    """Gives members confirmed addresses, by the codes that were sent there."""

    def giving(*members: Member):
        for member in members:
            person = world.person(member)
            asked = addresses.ask_for_address(person=person, address=f"{member.name.lower()}@bank.example")
            addresses.confirm_address(person=person, code=addresses.code_of(asked))

    return giving
