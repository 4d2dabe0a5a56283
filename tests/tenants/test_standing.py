"""How a service stands to its statement: compared once, and never for other charters than those in force."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import Charter
from tenants import charters, standing, statements
from tenants.errors import Invalid, WrongState
from tenants.models import CharterVersion, Proposal, Service
from tenants.standing import standing_of, standings_of
from tests.cast.people import DINA, EMIL, FAY, GUS, LEA
from tests.world import statements as making

pytestmark = pytest.mark.django_db


@pytest.fixture
def service(world):
    service = world.service(world.node())
    world.zone(service)
    making.sign(world, making.draw_up(world, service))
    standing._compare.cache_clear()
    return service


def compared() -> int:
    """How many comparisons were made."""
    return standing._compare.cache_info().misses


def renew(world, authority, *signers):
    making.amend(world, authority, by=DINA, signers=signers)


def weaken(world, service):
    zone = service.zones.get().pk
    rules = tuple(one for one in charters.in_force([zone])[zone].rules if one.operation != "key.destroy/v1")
    making.amend(world, zone, by=DINA, signers=(EMIL, FAY), rules=rules)


def test_it_is_compared_once_and_again_when_a_charter_is_amended(world, service):
    assert [standing_of(service).holds for _ in range(3)] == [True] * 3
    assert compared() == 1
    renew(world, world.meridian.pk, GUS, LEA)
    assert standing_of(service).holds
    assert compared() == 2
    weaken(world, service)
    assert not standing_of(service).holds
    assert not standing_of(service).holds
    assert compared() == 3


def test_an_amendment_that_takes_it_back_is_compared_too(world, service):
    zone = service.zones.get().pk
    rules = charters.in_force([zone])[zone].rules
    weaken(world, service)
    assert not standing_of(service).holds
    making.amend(world, zone, by=DINA, signers=(EMIL, FAY), rules=rules)
    assert standing_of(service).holds


def test_a_charter_that_is_not_what_its_hash_says_matches_nothing(world, service):
    """Whoever has the database puts other bytes under the hash that was compared before."""
    assert standing_of(service).holds
    version = CharterVersion.objects.get(authority=service.zones.get().pk, state="in-force")
    before = charters.document_of(version).model_dump(mode="json")
    before["rules"] = before["rules"][1:]
    other = Charter.from_bytes(canonical.encode(before))
    CharterVersion.objects.filter(pk=version.pk).update(raw=other.raw)
    found = standing_of(service)
    assert not found.holds
    assert found.differences[0].sentence == "A charter is not here under the hash that it is known by."


def test_a_charter_that_is_in_force_no_more_matches_nothing(service):
    assert standing_of(service).holds
    CharterVersion.objects.filter(authority=service.provider_id).update(state="discarded")
    assert not standing_of(service).holds


def test_another_service_beside_it_takes_no_further_query(world, service):
    more = world.service(world.node("fra-1"), name="Archive")
    making.sign(world, making.draw_up(world, more))
    asked = Service.objects.select_related("customer").order_by("name")
    one, both = list(asked.filter(pk=service.pk)), list(asked)
    standings_of(both)
    with CaptureQueriesContext(connection) as for_one:
        standings_of(one)
    with CaptureQueriesContext(connection) as for_both:
        assert [found.holds for found in standings_of(both)] == [True, True]
    assert len(for_both) == len(for_one)


# ------------------------------------------------------------------ the mode


def test_the_mode_is_that_of_the_warrant_whatever_the_database_says(world, service):
    Service.objects.filter(pk=service.pk).update(mode="exclusive")
    service.refresh_from_db()
    assert standing_of(service).holds
    made = statements.prepare_statement(service=service, contacts=(), now=1)
    assert made.service.mode == "shared"


def test_a_service_without_the_warrant_that_started_it_is_not_stated(world, service):
    Proposal.objects.filter(operation="service.start/v1").update(warrant=b"")
    assert not standing_of(service).holds
    with pytest.raises(Invalid) as caught:
        statements.prepare_statement(service=service, contacts=(), now=1)
    assert caught.value.code == "no-start"


def test_a_warrant_that_starts_it_in_another_mode_breaks_it_and_is_not_signed_over(world, service):
    """The console would not draft it: the row is made as who owns the database could make it."""
    statement = making.draw_up(world, service)
    proposal = Proposal.objects.get(operation="service.start/v1")
    other = proposal.document.model_dump(mode="json")
    other["parameters"]["mode"], other["proposal"] = "exclusive", "f" * 32
    fields = {one.attname: getattr(proposal, one.attname) for one in Proposal._meta.concrete_fields}
    raw = canonical.encode(other)
    Proposal.objects.create(**fields | {"id": "f" * 32, "raw": raw, "hash": canonical.sha256_hex(raw)})
    [found] = standing_of(service).differences
    assert found.sentence == "The warrants that started the service do not say the same."
    with pytest.raises(WrongState) as caught:
        making.propose(world, statement)
    assert caught.value.code == "other-service"
