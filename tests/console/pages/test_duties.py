"""“Who can do what”: the pages, their answers, warnings and losses, and the same as CSV."""

import csv
import io
from datetime import timedelta

import pytest

from console.pages.attention import concerns
from console.pages.duties_warnings import warnings_of
from console.pages.forms.charter_form import CharterForm, candidates_for
from hsmnodes.node.operations.registry import default_rules
from hsmnodes.node.protocol.documents import AuthorityKind, Role
from tenants import clock, tokens
from tenants.charter_drafts import Duty, draft_zone
from tenants.duties import Asked, duties_of_organisation, duties_of_zone, duties_under
from tenants.errors import Invalid
from tenants.models import CharterVersion
from tests.cast.people import DINA, EMIL, FAY, GUS, IVO, JON, KIM, LEA
from tests.console.pages.charter_forms import rule, sent
from tests.world.zones import split_zone

pytestmark = pytest.mark.django_db


def text_of(answer, status: int = 200) -> str:
    assert answer.status_code == status
    return " ".join(answer.content.decode().split())


@pytest.fixture
def service(world):
    return world.service(world.node("ams-1"))


@pytest.fixture
def zone(world, service):
    return world.zone(service, name="Cards")


def answers_of(duties) -> dict:
    return {one.operation: one for one in duties.answers}


def test_a_zone_says_who_could_and_who_must_not_be_lost(zone, as_):
    shown = text_of(as_(EMIL).get(f"/zones/{zone.pk}/duties"))
    assert "Cards: who can do what" in shown
    assert "No single person can: it takes 3 people at least, one who requests it and 2 who sign." in shown
    assert "People of Meridian Bank can by themselves." in shown
    assert "People of Meridian Bank or Northgate alone cannot." in shown
    assert "Without any one of Dina, Emil and Fay it is impossible." in shown
    assert "Without any 2 of Ada, Ben and Cleo it is impossible." in shown
    assert "Admit one more key manager (Cards)." in shown


def test_every_operation_that_needs_the_zone_stands_in_the_matrix(zone):
    found = answers_of(duties_of_zone(zone))
    assert found["slot.create/v1"].stays.possible
    assert {"key.generate/v1", "backup.take/v1", "charter.amend/v1"} <= found.keys()
    assert "node.enrol/v1" not in found
    assert "zone.found/v1" not in found


def test_a_provider_is_asked_with_each_of_its_customers(world):
    found = duties_of_organisation(world.northgate, world.person(JON)).answers
    services = [one for one in found if one.operation == "service.start/v1"]
    names = {charter.authority.name for one in services for charter in one.charters}
    assert names == {"Northgate", "Meridian Bank", "Lumen Health"}


def test_a_customer_sees_no_other_customer_there(world, as_):
    shown = text_of(as_(GUS).get(f"/organisations/{world.northgate.pk}/duties"))
    assert "Meridian Bank" in shown
    assert "Lumen Health" not in shown


def test_what_follows_from_a_loss_is_told(zone, as_):
    browser, address = as_(EMIL), f"/zones/{zone.pk}/duties"
    shown = text_of(browser.get(address, {"person": [DINA.id]}))
    assert "If this is lost: Dina" in shown
    assert "operations become impossible:" in shown
    assert "Verify a backup" in shown
    both = text_of(browser.get(address, {"person": [DINA.id, EMIL.id]}))
    assert "0 operations stay possible." in both


def test_what_becomes_of_the_shares_of_the_backup_key_is_told(world, node, as_):
    zone = split_zone(world, node)
    address = f"/zones/{zone.pk}/duties"
    browser = as_(EMIL)
    assert "would be left" not in text_of(browser.get(address))
    token = {"token": [world.person(DINA).tokens.first().pk]}
    for lost in ({"person": [DINA.id]}, token):
        assert "Of the 3 shares of the backup key 2 would be left; 2 rebuild it." in text_of(
            browser.get(address, lost)
        )
    assert "1 would be left, and it takes 2: nobody could rebuild it any more." in text_of(
        browser.get(address, {"person": [DINA.id, EMIL.id]})
    )


def test_a_backup_key_that_was_never_split_has_no_shares_to_fall_back_on(zone, as_):
    shown = text_of(as_(EMIL).get(f"/zones/{zone.pk}/duties", {"person": [DINA.id]}))
    assert "The backup key was never split" in shown


def test_a_token_is_lost_as_a_person_is_if_it_is_the_only_one(zone, world):
    token = world.person(DINA).tokens.get().pk
    by_token = duties_of_zone(zone, Asked(tokens=frozenset({token})))
    by_person = duties_of_zone(zone, Asked(people=frozenset({DINA.id})))
    assert [one.stays.spare for one in by_token.imagined] == [one.stays.spare for one in by_person.imagined]
    assert [one.stays.spare for one in by_token.imagined] != [one.stays.spare for one in by_token.answers]


def test_who_or_what_stands_in_no_charter_that_decides_cannot_be_lost(zone, world, as_):
    stranger = world.person(IVO)
    for lost in ({"person": stranger.pk}, {"token": stranger.tokens.get().pk}, {"person": "x"}):
        assert as_(EMIL).get(f"/zones/{zone.pk}/duties", lost).status_code == 422
    with pytest.raises(Invalid):
        duties_of_zone(zone, Asked(people=frozenset({stranger.pk})))


def test_a_suspended_token_is_counted_as_lost_but_a_node_still_takes_it(zone, world, as_):
    dina = world.person(DINA)
    tokens.suspend_token(token=dina.tokens.get(), reason="Left in a taxi.", by=dina)
    found = answers_of(duties_of_zone(zone))["key.generate/v1"]
    assert found.could.possible
    assert not found.stays.possible
    shown = text_of(as_(EMIL).get(f"/zones/{zone.pk}/duties"))
    assert "1 suspended token is counted as lost" in shown
    assert "Too few people are left to request it and sign." in shown


def test_who_holds_both_sides_of_a_zone_is_told(world, service):
    duties = [Duty(world.person(one), (Role.KEY_MANAGER,)) for one in (JON, KIM)]
    drafted = draft_zone(
        service=service, name="Odd", controller="provider", duties=duties, by=world.person(JON)
    )
    said = [one.title for one in warnings_of(duties_under(drafted, world.person(JON)))]
    assert [one for one in said if one.startswith("People of Northgate hold both sides: alone they can")]
    assert "Jon and Kim stand in the charters of both sides." in said


def test_what_the_side_that_does_not_control_a_zone_can_do_alone_is_told(zone, world):
    managers = [one.with_roles(Role.KEY_MANAGER).person() for one in (JON, KIM, LEA)]
    people = tuple(sorted(managers, key=lambda one: one.id))
    version = zone.charters.get()
    charter = version.document.model_copy(
        update={"people": people, "rules": default_rules(AuthorityKind.ZONE)}
    )
    found = {one.title: one.state for one in warnings_of(duties_under(version, world.person(LEA), charter))}
    assert found["Northgate alone can verify a backup; Meridian Bank controls the zone."] == "quiet"


def test_a_zone_in_its_controllers_own_hands_is_not_warned_about(zone):
    found = [one for one in warnings_of(duties_of_zone(zone)) if "recovery clause" not in one.advice]
    assert {one.state for one in found} == {"wait"}


def test_the_table_is_there_as_csv(zone, as_):
    answer = as_(EMIL).get(f"/zones/{zone.pk}/duties.csv", {"person": FAY.id})
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))
    [generate] = [row for row in rows if row["operation"] == "key.generate/v1"]
    assert (generate["authority"], generate["role"], generate["must_sign"]) == ("Cards", "key-manager", "2")
    assert (generate["could_sign"], generate["people_needed"], generate["may_be_lost"]) == ("2", "3", "")
    assert len([row for row in rows if row["operation"] == "slot.create/v1"]) == 2


def test_an_amendment_that_leaves_nobody_to_spare_is_warned_about_before_it_is_drafted(world, as_):
    browser = as_(GUS)
    current = CharterVersion.objects.get(authority=world.meridian.id, state="in-force")
    form = CharterForm(
        AuthorityKind.CUSTOMER, candidates_for(current, world.person(GUS)), before=current.document
    )
    asked = sent(form) | rule("zone.found/v1", (2, "role:security-officer")) | {"step": "review"}
    shown = text_of(browser.post(f"/charters/{current.pk}/amend", asked))
    assert "What it would leave" in shown
    assert "Without any one of Gus and Lea, nobody can" in shown


def test_an_overview_warns_those_in_a_charter_that_has_nobody_to_spare(zone, world):
    said = [one.title for one in concerns(world.person(EMIL))]
    assert "Cards has nobody to spare" in said
    assert "Meridian Bank has nobody to spare" in said
    assert "Cards has nobody to spare" not in [one.title for one in concerns(world.person(GUS))]


def test_an_overview_says_what_nobody_can_do_any_more(zone, world):
    title = "Nobody can amend the charter of Cards"
    assert title not in [one.title for one in concerns(world.person(EMIL))]
    tokens.suspend_token(token=world.person(DINA).tokens.get(), by=world.person(GUS), reason="It was lost.")
    said = {one.title: one for one in concerns(world.person(EMIL)) if one.state == "bad"}
    assert said[title].address == f"/zones/{zone.pk}/duties"
    assert "no recovery clause" in said[title].advice
    assert title not in [one.title for one in concerns(world.person(GUS))]


def test_a_charter_that_ends_soon_is_announced_weeks_ahead(zone, monkeypatch):
    until = zone.charters.get().valid_until

    def said(days: int) -> list[str]:
        monkeypatch.setattr(clock, "now", lambda: until - timedelta(days=days))
        return [one.title for one in warnings_of(duties_of_zone(zone)) if "ends on" in one.title]

    assert said(31) == []
    assert [one.partition(" ends")[0] for one in said(29)] >= ["The charter of Cards"]


def test_a_zone_without_a_charter_in_force_says_so(world, service, as_):
    drafted = world.draft_zone(service, name="Treasury")
    shown = text_of(as_(LEA).get(f"/zones/{drafted.zone_id}/duties"))
    assert "There is no charter in force yet" in shown
