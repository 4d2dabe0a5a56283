"""The guided paths: what follows, in which order, what is done, what it would leave, and forms filled in."""

import re
from html import unescape

import pytest

from hsmnodes.node.protocol.documents import Role
from hsmnodes.node.protocol.purposes import Purpose
from tenants import charter_drafts, charters, suspensions, tokens
from tenants.charter_drafts import Duty
from tenants.models import CharterVersion, Token
from tests.cast.people import DINA, EMIL, FAY, GUS, HANA, IVO, JON, KIM, LEA
from tests.world.signing_in import sign_in

pytestmark = pytest.mark.django_db

CUSTODIAN_TOO = (Role.CUSTODIAN, Role.KEY_MANAGER)


@pytest.fixture
def node(world):
    return world.node()


@pytest.fixture
def zone(world, node):
    """Payments, whose backup key Dina, Emil and Fay hold in shares."""
    zone = world.zone_of_custodians(world.service(node))
    world.slot(zone, node)
    world.shares(zone, node)
    return zone


def page(client, world, viewer, path) -> str:
    sign_in(client, world.person(viewer))
    answer = client.get(path)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def steps(html: str) -> list[tuple[str, str]]:
    """Each step with its state."""
    [_, *parts] = html.split('<li class="item-box"><header><h3>')
    return [(part.split("</h3>")[0], state_of(part)) for part in parts]


def state_of(part: str) -> str:
    header = part.split("</header>", maxsplit=1)[0]
    return next(state for state in ("Done", "Under way", "Open") if state in header)


def link(html: str, title: str) -> str:
    """Where a step leads."""
    [_, part] = html.split(f"<h3>{title}</h3>", 1)
    return re.search(r'href="([^"]*)"', part.split("</li>")[0]).group(1)


def current(zone) -> CharterVersion:
    return CharterVersion.objects.get(authority=zone.pk, state="in-force")


def amended(world, zone, *duties):
    """The zone's next version, proposed and in force."""
    return charter_drafts.draft_amendment(
        current=current(zone),
        duties=[Duty(world.person(member), roles) for member, roles in duties],
        by=world.person(DINA),
    )


def test_losing_a_token_begins_with_what_one_person_can_stop(client, world, zone):
    html = page(client, world, GUS, f"/people/{FAY.id}/lose-token")
    titles = [title for title, _ in steps(html)]
    assert titles[0].startswith("Suspend “")
    assert titles[1].endswith("counting for Meridian Bank, on HSMs too")
    order = [
        next(place for place, title in enumerate(titles) if title.startswith(begins))
        for begins in ("Stop", "Enrol", "Compare", "Make a share key", "Amend", "Reshare", "Rotate")
    ]
    assert order == sorted(order)


def test_what_is_done_already_is_shown_as_done(client, world, zone):
    token = Token.objects.get(credential_id=FAY.key.credential_id)
    path = f"/people/{FAY.id}/lose-token"
    before = dict(steps(page(client, world, GUS, path)))
    assert set(before.values()) == {"Open"}
    statement = suspensions.draft_statement(
        token=token, authority=world.meridian.pk, by=world.person(GUS), reason="It was stolen."
    )
    assertion = GUS.key.sign(Purpose.SUSPEND, statement.raw)
    suspensions.suspend(statement=statement.raw, assertion=assertion, person=world.person(GUS))
    after = dict(steps(page(client, world, GUS, path)))
    done = {title for title, state in after.items() if state == "Done"}
    assert {one.split(" ")[0] for one in done} == {"Suspend", "Stop"}


def test_an_amendment_is_under_way_once_its_draft_does_it(client, world, zone):
    path, title = f"/people/{FAY.id}/leave", "Amend the charter of Payments"
    assert dict(steps(page(client, world, EMIL, path)))[title] == "Open"
    new = amended(world, zone, (DINA, CUSTODIAN_TOO), (EMIL, CUSTODIAN_TOO), (GUS, (Role.KEY_MANAGER,)))
    html = page(client, world, EMIL, path)
    assert dict(steps(html))[title] == "Under way"
    assert link(html, title) == f"/charters/{new.pk}"


def test_a_draft_that_does_something_else_stands_in_the_way(client, world, zone):
    amended(world, zone, *((one, CUSTODIAN_TOO) for one in (DINA, EMIL, FAY)))
    html = page(client, world, EMIL, f"/people/{FAY.id}/leave")
    assert "Another draft of it collects signatures" in html


def test_the_amendment_of_who_leaves_is_filled_in_without_them(client, world, zone):
    where = link(page(client, world, EMIL, f"/people/{FAY.id}/leave"), "Amend the charter of Payments")
    form = client.get(where).context["form"]
    held = {person.name: field.value() for person, field in form.person_fields}
    assert (held["Fay"], held["Dina"]) == ([], ["custodian", "key-manager"])


def test_the_amendment_of_who_changes_role_is_filled_in_with_it(client, world, zone):
    path = f"/people/{FAY.id}/change-role?charter={current(zone).pk}&role=&role=key-manager"
    html = page(client, world, EMIL, path)
    where = link(html, "Amend the charter of Payments")
    form = client.get(where).context["form"]
    assert {p.name: f.value() for p, f in form.person_fields}["Fay"] == ["key-manager"]
    assert dict(steps(html))["Reshare the backup key of Payments"] == "Open"


def test_the_reshare_is_filled_in_without_the_share_that_is_lost(client, world, zone):
    where = link(
        page(client, world, EMIL, f"/people/{FAY.id}/lose-token"), "Reshare the backup key of Payments"
    )
    ticked = client.get(where).context["form"]["custodians"].value()
    assert len(ticked) == 2
    lost = charters.document_of(current(zone)).persons[FAY.id].tokens[0].share_key.stated.public_key
    assert lost not in ticked


def test_what_would_be_impossible_is_said_before(client, world, zone):
    html = page(client, world, LEA, f"/people/{GUS.id}/leave")
    assert "Meridian Bank: too few would be left to sign for" in html
    assert "admit somebody else in the same one" in html


def test_what_only_who_requests_would_be_missing_for_is_said_before(client, world, zone):
    """Two are enough to sign, and a third must request: the rule could be met, and nobody could begin."""
    html = page(client, world, EMIL, f"/people/{FAY.id}/leave")
    assert "Payments: nobody could “Admit an application”" in html


def test_that_nobody_would_be_left_to_spare_is_said_before(client, world, zone):
    html = page(client, world, EMIL, f"/people/{FAY.id}/leave")
    assert "Payments: nobody would be left to spare for" in html


def test_to_replace_a_token_the_new_one_comes_first(client, world, zone):
    html = page(client, world, FAY, f"/people/{FAY.id}/replace-token")
    titles = [title for title, _ in steps(html)]
    assert titles[0] == "Enrol a new token"
    assert titles.index("Amend the charter of Payments") < next(
        place for place, title in enumerate(titles) if title.startswith("Suspend")
    )
    assert link(html, "Enrol a new token") == "/settings"
    tokens.enrol_token(person=world.person(FAY), token=FAY.second_key.token(), invitation=None)
    again = dict(steps(page(client, world, FAY, f"/people/{FAY.id}/replace-token")))
    assert (again["Enrol a new token"], again["Amend the charter of Payments"]) == ("Done", "Open")


def test_a_spare_token_that_was_there_with_the_old_one_is_no_new_one(client, world, zone):
    """Nothing is done yet: a third token has to come, or one is left."""
    tokens.enrol_token(person=world.person(FAY), token=FAY.second_key.token(), invitation=None)
    both = Token.objects.filter(person=FAY.id).order_by("created_at")
    both.filter(credential_id=FAY.second_key.credential_id).update(created_at=both[0].created_at)
    html = page(client, world, FAY, f"/people/{FAY.id}/replace-token?token={both[0].pk}")
    found = {state for title, state in steps(html) if title.startswith(("Enrol", "Amend"))}
    assert found == {"Open"}


def test_no_step_is_shown_before_other_roles_are_chosen(client, world, zone):
    html = page(client, world, GUS, f"/people/{FAY.id}/change-role")
    assert steps(html.replace('<li class="item-box"><p>', "")) == []
    assert "Tick what the roles are to be" in html
    assert "step is done" not in html


@pytest.mark.parametrize("path", ["lose-token", "replace-token", "leave", "change-role"])
def test_an_auditor_reads_it_and_a_stranger_does_not_see_it(client, world, zone, path):
    page(client, world, HANA, f"/people/{FAY.id}/{path}")
    sign_in(client, world.person(IVO))
    assert client.get(f"/people/{FAY.id}/{path}").status_code == 404


@pytest.mark.parametrize("member", [JON, KIM], ids=lambda one: one.name)
def test_the_paths_stand_on_a_person_s_page_and_in_one_s_settings(client, world, member):
    for where in (f"/people/{member.id}", "/settings"):
        html = page(client, world, JON if where != "/settings" else member, where)
        for path in ("lose-token", "replace-token", "leave", "change-role"):
            assert f'href="/people/{member.id}/{path}"' in html
