"""The commands of manage.py that let people in."""

import pytest
from django.core.management import CommandError, call_command

from tenants import people
from tenants.models import Deployment, Organisation, Person
from tests.cast.people import ADA

pytestmark = pytest.mark.django_db


def first_person(capsys):
    call_command("first_person", provider="Southgate", name="Nora")
    return capsys.readouterr().out.strip()


def test_the_first_person_gets_a_link(capsys, settings):
    link = first_person(capsys)
    assert link.startswith(f"{settings.CONSOLE_ORIGIN}/invitation/")
    assert people.find_invitation(link.rpartition("/")[2]).person.name == "Nora"


def test_asking_again_makes_a_new_link_for_the_same_person(capsys):
    assert first_person(capsys) != first_person(capsys)
    assert Person.objects.count() == Organisation.objects.count() == 1


def test_there_is_no_way_in_once_somebody_has_a_token(world):
    assert world.person(ADA).tokens.exists()
    with pytest.raises(CommandError, match="they invite others"):
        call_command("first_person", provider="Northgate", name="Mallory")
    assert not Person.objects.filter(name="Mallory").exists()


def test_the_sample_deployment_is_made_in_a_demo_alone(settings):
    settings.DEMO = True
    Deployment.objects.create(demo=False)
    with pytest.raises(CommandError, match="not a demo"):
        call_command("demo_setup")
    assert not Organisation.objects.exists()
