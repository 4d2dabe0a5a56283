"""Forms of operations: what is asked for first, what is not chosen for anybody, and what comes before."""

import re
from html import unescape

import pytest

from tenants import tags
from tenants.models import Proposal
from tests.cast.people import CLEO, DINA, EMIL, GUS, HANA, IVO
from tests.world.backups import taken_backup
from tests.world.zones import split_zone

pytestmark = pytest.mark.django_db


def fields(browser, path):
    return list(browser.get(path).context["form"].fields)


def test_the_zone_stands_before_what_is_listed_by_it(stage, as_):
    zone = f"?zone={stage.zones['Cards'].pk}"
    assert fields(as_(DINA), f"/propose/zone.extend/v1{zone}")[:2] == ["zone", "slot"]
    assert fields(as_(CLEO), "/propose/slot.create/v1")[:2] == ["zone", "slot"]
    assert fields(as_(DINA), f"/propose/key.generate/v1{zone}")[0] == "zone"


def test_nobody_gets_a_whole_hsm_because_it_stood_first(world, as_):
    form = as_(CLEO).get("/propose/service.start/v1").context["form"]
    assert [value for value, _label in form.fields["mode"].choices] == ["", "exclusive", "shared"]
    answer = as_(CLEO).post("/propose/service.start/v1", {"service": "Payments HSM", "mode": ""})
    assert answer.status_code == 422
    assert answer.context["form"].errors["mode"] == ["Choose one of these."]


def test_a_form_says_what_the_operation_does_and_who_must_sign(stage, as_):
    shown = as_(DINA).get(f"/propose/key.generate/v1?zone={stage.zones['Cards'].pk}").content.decode()
    assert "made in the HSM and backed up as they are made" in shown
    assert "Whoever proposes does not count." in shown


def test_where_there_is_nothing_to_choose_the_form_says_what_comes_first(stage, as_):
    shown = as_(DINA).get(f"/propose/zone.extend/v1?zone={stage.zones['Cards'].pk}").content.decode()
    assert "First its service is started on a further HSM" in shown


def test_who_has_no_hsm_to_extend_a_zone_to_is_led_to_start_its_service_on_one(stage, as_):
    zone = stage.zones["Cards"]
    address = f"/propose/service.start/v1?service={zone.service_id}"
    extend = f"/propose/zone.extend/v1?zone={zone.pk}"
    assert address in as_(CLEO).get(extend).content.decode()
    assert address not in as_(DINA).get(extend).content.decode()


def test_who_starts_a_service_can_choose_one_that_runs(stage, as_):
    service = stage.zones["Cards"].service
    form = as_(CLEO).get("/propose/service.start/v1").content.decode()
    assert f'<option value="{service.pk}">{service.name}</option>' in form
    chosen = as_(CLEO).get(f"/propose/service.start/v1?service={service.pk}").content.decode()
    assert "Does it run already?" not in chosen


def test_no_service_is_offered_as_running_where_none_does(world, as_):
    assert "Does it run already?" not in as_(CLEO).get("/propose/service.start/v1").content.decode()


def test_a_customer_is_not_led_to_a_form_it_cannot_fill_in(world, as_):
    shown = as_(DINA).get("/").content.decode()
    assert "for others to do" in shown
    assert f"/propose/{tags.START_SERVICE}" not in shown
    form = as_(DINA).get(f"/propose/{tags.START_SERVICE}").content.decode()
    assert "An HSM administrator of your provider proposes a service" in form


def test_who_admits_an_application_is_told_how_its_request_is_made(stage, as_):
    shown = as_(DINA).get(f"/propose/application.admit/v1?zone={stage.zones['Cards'].pk}").content.decode()
    assert "quorate-connect new FOLDER" in shown
    assert "/applications/quorate-connect" in shown


def test_what_takes_away_is_offered_after_what_gives(stage, as_):
    groups = {group.title: group for group in as_(DINA).get("/propose").context["groups"]}
    assert next(iter(groups)) == "Keys"
    assert [one.title for one in groups["Keys"].offers] == ["Generate keys", "Rotate keys", "Destroy keys"]


def test_a_key_names_the_programs_that_use_it(stage, as_):
    listed = as_(EMIL).get(f"/zones/{stage.zones['Cards'].pk}").context["applications"]
    [application] = [one.application for one, _ in listed if one.application.name == "webshop"]
    used = application.keys[0]["id"]
    assert application.name in as_(EMIL).get(f"/keys/{used}").content.decode()
    others = stage.zones["Cards"].hsm_keys.exclude(
        pk__in=[held["id"] for one, _ in listed for held in one.application.keys]
    )
    shown = as_(EMIL).get(f"/keys/{others.first().pk}").content.decode()
    assert f"/applications/{application.pk}" not in shown
    assert "None yet. A program signs" in shown


def test_who_comes_from_a_key_to_admit_a_program_finds_that_key_ticked(stage, as_):
    key = stage.zones["Cards"].hsm_keys.filter(destroyed_at=None).first()
    page = as_(EMIL).get(f"/keys/{key.pk}").content.decode()
    [form] = re.findall(r'href="(/propose/application.admit[^"]+)"', page)
    shown = as_(EMIL).get(unescape(form)).context["form"]
    assert shown["keys"].initial == [f"{key.pk} {usage}" for usage in key.usages]


def test_a_key_that_somebody_does_not_see_is_not_ticked_for_them(stage, as_):
    """What the form of an admission begins with does not rely on who can open that form."""
    key = stage.zones["Cards"].hsm_keys.filter(destroyed_at=None).first()
    form = f"/propose/charter.amend/v1?for_key={key.pk}"
    assert ["keys" in as_(one).get(form).context["form"].initial for one in (GUS, IVO)] == [True, False]


def test_the_transcript_to_print_states_its_times_in_utc(stage, as_):
    shown = as_(EMIL).get(f"/ceremonies/{stage.proposals['drill'].pk}/print").content.decode()
    assert " UTC</time>" in shown
    transcript = shown.split('id="main"')[1]
    assert "data-at=" not in transcript
    assert "data-print" in transcript


def test_a_proposal_that_is_done_says_what_follows_and_links_it_for_who_can(stage, as_):
    made = f"/proposals/{stage.proposals['slot of Cards'].pk}"
    forms = f"/propose/key.generate/v1?zone={stage.zones['Cards'].pk}"
    assert forms in as_(DINA).get(made).content.decode()
    shown = as_(CLEO).get(made).content.decode()
    assert "its key managers propose its first keys" in shown
    assert forms not in shown
    admitted = as_(EMIL).get(f"/proposals/{stage.proposals['application'].pk}").content.decode()
    assert "To the connection kit" in admitted
    assert as_(EMIL).get(f"/proposals/{stage.proposals['waiting'].pk}").context["view"].next is None


def test_keys_that_are_made_lead_to_the_program_that_is_to_use_them(world, node, as_):
    zone = world.ready_zone(node)
    made = world.key(zone, node)
    [step] = as_(DINA).get(f"/proposals/{made.pk}").context["view"].next.address.split("&for_key=")[1:]
    assert step == zone.hsm_keys.get().pk
    assert as_(CLEO).get(f"/proposals/{made.pk}").context["view"].next.address == ""


def test_shares_that_are_made_lead_to_a_drill_until_one_is_held(world, node, as_):
    zone = split_zone(world, node)
    split = Proposal.objects.get(zone=zone, operation=tags.SHARE_BACKUP_KEY)
    drill = f"/propose/{tags.DRILL_BACKUP_KEY}?zone={zone.pk}"
    assert as_(DINA).get(f"/proposals/{split.pk}").context["view"].next.address == drill
    held = world.drill(zone, node)
    for member in (DINA, EMIL):
        world.custody(node).answer(world.give_share(held, member))
    node.answer(held, results={})
    assert as_(DINA).get(f"/proposals/{split.pk}").context["view"].next is None


def test_a_backup_that_is_taken_is_found_on_its_page(world, node, as_):
    zone = world.ready_zone(node)
    world.key(zone, node)
    taken = taken_backup(world, zone, node)
    page = as_(DINA).get(f"/proposals/{taken.proposal_id}")
    assert page.context["view"].next.address == f"/backups/{taken.pk}"


def test_a_service_that_is_started_on_a_further_hsm_leads_its_zone_there(world, node, as_):
    zone = world.ready_zone(node)
    other = world.node("fra-1")
    world.place(zone.service, other)
    started = zone.service.placements.get(node=other.id).proposal
    extend = f"/propose/{tags.EXTEND_ZONE}?zone={zone.pk}"
    for person in (CLEO, DINA):
        assert as_(person).get(f"/proposals/{started.pk}").context["view"].next.address == extend
    world.slot(zone, other, name="Slot 2")
    assert as_(CLEO).get(f"/proposals/{started.pk}").context["view"].next is None


def test_who_gives_a_zone_its_places_is_led_to_further_ones_from_its_page(stage, as_):
    zone = stage.zones["Cards"]
    for person, led in ((CLEO, True), (DINA, True), (HANA, False)):
        page = as_(person).get(f"/zones/{zone.pk}").content.decode()
        assert (f"/propose/{tags.EXTEND_ZONE}?zone={zone.pk}" in page) is led
