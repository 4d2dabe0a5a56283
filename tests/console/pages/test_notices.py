"""The notices of a person: the list, the count on every page, and how they want to hear of what."""

import re

import pytest

from tenants.models import MailAddress, Notice, NoticePreference
from tenants.notices import addresses, kinds, telling
from tests.cast.people import DINA, EMIL, FAY

pytestmark = pytest.mark.django_db


@pytest.fixture
def proposal(world):
    node = world.node()
    zone = world.zone(world.service(node))
    world.slot(zone, node)
    telling.sweep()
    Notice.objects.all().delete()
    made = world.propose_key(zone, node, label="payments-2027")
    telling.sweep()
    return made


def count_on(text):
    return re.search(r"(\d+) new notices?", text)[1]


def test_what_is_new_is_counted_on_every_page_until_it_was_read(as_, proposal):
    emil = as_(EMIL)
    assert count_on(emil.get("/zones").content.decode()) == "1"
    page = emil.get("/notices").content.decode()
    assert "payments-2027" in page
    key = Notice.objects.get(person=EMIL.id).pk
    answer = emil.post(f"/notices/{key}/open")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/proposals/{proposal.pk}")
    assert count_on(emil.get("/zones").content.decode()) == "0"
    assert "payments-2027" not in emil.get("/notices").content.decode()
    assert "payments-2027" in emil.get("/notices?view=all").content.decode()
    assert Notice.objects.get(person=FAY.id).read_at is None


def test_opening_signs_nothing(as_, proposal):
    key = Notice.objects.get(person=EMIL.id).pk
    as_(EMIL).post(f"/notices/{key}/open")
    proposal.refresh_from_db()
    assert (proposal.state, proposal.seats_filled) == ("proposed", 0)


def test_a_page_that_asks_again_gets_nothing_until_something_is_new(as_, proposal, world):
    emil = as_(EMIL)
    assert emil.get("/notices/count?seen=1").status_code == 204
    assert emil.get("/notices/count?seen=0").status_code == 200
    seen = re.search(r"/notices/live\?[^\"]*seen=(\w+)", emil.get("/notices").content.decode())[1]
    assert emil.get(f"/notices/live?seen={seen}").status_code == 204
    world.approve(proposal, FAY)
    telling.sweep()
    answer = emil.get(f"/notices/live?seen={seen}")
    assert (answer.status_code, "Fay approved" in answer.content.decode()) == (200, True)


def test_all_are_marked_read_as_far_as_they_were_shown(as_, proposal, world):
    emil = as_(EMIL)
    newest = re.search(r'name="newest" value="(\w+)"', emil.get("/notices").content.decode())[1]
    world.approve(proposal, FAY)
    telling.sweep()
    emil.post("/notices/read", {"newest": newest})
    left = Notice.objects.filter(person=EMIL.id, read_at=None)
    assert [one.occasion.event for one in left] == [kinds.PROPOSAL_SIGNED]


@pytest.mark.parametrize("newest", ["", "0" * 32, "' OR 1=1"])
def test_nothing_is_marked_by_what_was_not_shown(as_, proposal, newest):
    as_(EMIL).post("/notices/read", {"newest": newest})
    assert Notice.objects.filter(read_at=None).count() == Notice.objects.count()


def test_nobody_opens_somebody_else_s(as_, proposal):
    key = Notice.objects.get(person=EMIL.id).pk
    assert as_(FAY).post(f"/notices/{key}/open").status_code == 404
    assert Notice.objects.get(pk=key).read_at is None


def test_choices_are_kept_and_what_is_usual_is_not(as_, world):
    dina = as_(DINA)
    page = dina.get("/settings/notices").content.decode()
    assert "E-mail at once (usual)" in page
    usual = {kind.event: kind.usual_for(DINA.roles).value for kind in kinds.KINDS.values()}
    answer = dina.post("/settings/notices", usual | {kinds.PROPOSAL_DONE: "quiet"})
    assert answer.status_code == 302
    assert list(NoticePreference.objects.values_list("person", "event", "choice")) == [
        (DINA.id, kinds.PROPOSAL_DONE, "quiet")
    ]
    answer = dina.post("/settings/notices", usual | {kinds.ALARM_RAISED: "quiet"})
    assert answer.status_code == 422
    dina.post("/settings/notices", usual)
    assert not NoticePreference.objects.exists()


def test_an_address_is_given_and_confirmed_by_its_code(as_):
    dina = as_(DINA)
    assert dina.post("/settings/notices/address", {"address": "dina@bank.example"}).status_code == 302
    asked = MailAddress.objects.get()
    assert "Not confirmed" in dina.get("/settings/notices").content.decode()
    wrong = f"{(int(addresses.code_of(asked)) + 1) % 10**8:08d}"
    assert dina.post("/settings/notices/confirm", {"code": wrong}).status_code == 422
    answer = dina.post("/settings/notices/confirm", {"code": addresses.code_of(asked)}, follow=True)
    assert "Notices go to dina@bank.example." in answer.content.decode()
    dina.post("/settings/notices/forget")
    assert not MailAddress.objects.exists()


def test_an_address_takes_a_token_that_was_shown_just_now(world, client):
    """Whoever finds a browser open must not be able to have another's notices sent to themselves."""
    import time

    from tests.world.signing_in import sign_in

    sign_in(client, world.person(DINA), at=time.time() - 1000)
    answer = client.post("/settings/notices/address", {"address": "ivo@lumen.example"})
    assert (answer.status_code, "/sign-in" in answer.headers["Location"]) == (302, True)
    assert not MailAddress.objects.exists()
