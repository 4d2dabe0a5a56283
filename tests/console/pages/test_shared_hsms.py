"""Customers who share an HSM: what each of them sees of it says nothing of the other."""

import pytest

from hsmnodes import conditions, incoming
from tenants import access, charters, clock
from tenants.errors import Invalid
from tenants.identifiers import new_id
from tenants.models import Notice
from tenants.notices import kinds, telling
from tests.cast.people import ADA, BEN, CLEO, DINA, IVO, OLGA

pytestmark = pytest.mark.django_db
OTHERS = ("Meridian Bank", "Gold vault", "Bullion")


def start_for_lumen(world, name: str, mode: str = "shared") -> dict[str, object]:
    """What says to start a service for Lumen Health."""
    return {
        "service": {"id": new_id(), "name": name},
        "mode": mode,
        "customer": world.lumen.named().model_dump(),
        "customer_founding": charters.anchor_of(world.lumen.id),
    }


@pytest.fixture
def shared(world, node, once):
    """A node with a zone of Meridian Bank, Bullion in Gold vault, and a service of Lumen Health."""

    def make():
        zone = world.zone(world.service(node, name="Gold vault"), name="Bullion")
        world.slot(zone, node)
        started = world.propose("service.start/v1", start_for_lumen(world, "Records"), by=CLEO, nodes=[node])
        node.answer(world.approve(started, ADA, BEN, IVO, OLGA))
        return zone

    return once(make, node)


@pytest.fixture
def behind(world, node, shared):
    """It says that it goes by other charters of Meridian Bank and its zone than those in force."""
    heads = tuple(
        {"kind": one.kind, "id": one.authority, "version": 1, "hash": "0" * 64}
        for one in map(access.charter_in_force, (world.meridian.id, shared.id))
    )

    def say():
        incoming.receive(node.heartbeat_message(charters=heads))

    say()
    return say


@pytest.mark.parametrize("page", ["/", "/hsms", "/hsms/{node}", "/api/v1/nodes", "/api/v1/nodes/{node}"])
def test_a_customer_is_not_told_whose_charter_an_hsm_lacks(node, behind, as_, page):
    answer = as_(IVO).get(page.format(node=node.id))
    assert answer.status_code == 200
    shown = answer.content.decode()
    assert "another version" in shown or "/api/" not in page
    assert not [one for one in OTHERS if one in shown]


def test_its_provider_is(node, behind, as_):
    shown = as_(CLEO).get(f"/hsms/{node.id}").content.decode()
    assert "another version of the charter of Bullion, Meridian Bank" in shown


def test_nor_does_a_customer_learn_it_from_notices(node, behind, monkeypatch, settings):
    conditions.look()
    later = clock.from_unix(clock.unix_now() + settings.NODE_ALARM_SECONDS + 1)
    monkeypatch.setattr(clock, "now", lambda: later)
    behind()
    conditions.look()
    telling.sweep()
    told = Notice.objects.filter(occasion__event=kinds.NODE_OUT_OF_STEP)
    [summary] = {one.occasion.summary for one in told.filter(person__name="Ivo")}
    assert "another version" in summary
    assert not [one for one in OTHERS if one in summary]
    [summary] = {one.occasion.summary for one in told.filter(person__name="Ada")}
    assert "Bullion, Meridian Bank" in summary


def test_a_draft_that_is_refused_names_no_service_of_another(world, node, shared):
    wanted = start_for_lumen(world, "Archive", "exclusive")
    with pytest.raises(Invalid, match="cannot be given to one service alone") as refused:
        world.draft("service.start/v1", wanted, by=IVO, nodes=[node])
    assert not [one for one in OTHERS if one in refused.value.message]


def test_how_many_slots_an_hsm_has_in_use_is_its_provider_s_business(world, node, shared, as_):
    other = world.zone(shared.service, name="Silver")
    proposal = world.propose_slot(other, node, name="Slot 2")
    assert "Slots in use" in as_(CLEO).get(f"/proposals/{proposal.pk}").content.decode()
    shown = as_(DINA).get(f"/proposals/{proposal.pk}").content.decode()
    assert "a new TBK, made in the HSM" in shown
    assert "Slots in use" not in shown
