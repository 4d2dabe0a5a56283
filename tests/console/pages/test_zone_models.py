"""The models of a Trust Zone on the pages: founded, shown for what they are, handed over."""

import pytest

from hsmnodes.node.operations.registry import default_rules, rules_of_two_sides
from hsmnodes.node.protocol.documents import AuthorityKind, Role
from tenants import charter_drafts
from tenants.charter_drafts import Duty, Uncontrolled
from tenants.models import CharterVersion, LogEntry, TrustZone
from tests.cast.people import (
    CUSTODIANS,
    DINA,
    EMIL,
    FAY,
    GUS,
    LEA,
    MANAGERS_FOR_OTHERS,
    NILS,
    ROSA,
    TOM,
    ZONE_PEOPLE,
)
from tests.console.pages.charter_forms import sent
from tests.hsmnodes.node.protocol.controlling import HOLDERS, MIXED, PROVIDERS_CUSTODIANS
from tests.world.hiring import hire

pytestmark = pytest.mark.django_db


@pytest.fixture
def provider_side(world):
    """Nils, Rosa and Tom, who manage keys for others, with their share keys; so the customer's people."""
    hire(world.northgate, *MANAGERS_FOR_OTHERS)
    for member in (*MANAGERS_FOR_OTHERS, *ZONE_PEOPLE):
        world.make_share_key(member)


def text_of(answer) -> str:
    return " ".join(answer.content.decode().split())


def fill_in(browser, service, members, *, model="customer", name="Cards", **changes):
    """Found a zone by the form, which begins with a model."""
    address = f"/zones/found?model={model}&service={service.pk}"
    form = sent(browser.get(address).context["form"])
    roles = {f"roles-{one.id}": [role.value for role in one.roles] for one in members}
    chosen = {
        "name": name,
        "service": service.pk,
        "backup_eligible": "forbidden",
        "attestation": "optional",
        "tokens_each": "1",
    }
    return browser.post(address, form | roles | chosen | changes)


@pytest.mark.parametrize(
    ("model", "members", "controller", "apart"),
    [
        ("customer", CUSTODIANS, "customer", False),
        ("provider", PROVIDERS_CUSTODIANS, "provider", False),
        ("customer-holds", MIXED, "customer", True),
    ],
)
def test_a_zone_of_each_model_is_drafted_by_its_form(
    world, node, as_, provider_side, model, members, controller, apart
):
    service = world.service(node)
    answer = fill_in(as_(NILS if model != "customer" else DINA), service, members, model=model)
    assert answer.status_code == 302, text_of(answer)[:4000]
    charter = CharterVersion.objects.get(zone__name="Cards").document
    assert charter.zone.controller == controller
    usual = rules_of_two_sides() if apart else default_rules(AuthorityKind.ZONE)
    assert charter.rules == tuple(sorted(usual, key=lambda one: one.operation))


def test_who_controls_and_who_must_sign_have_to_go_together(world, node, as_, provider_side):
    service = world.service(node)
    answer = fill_in(as_(NILS), service, MIXED, model="customer")
    assert answer.status_code == 422
    assert "Ask for at least two people of the side that controls the zone" in text_of(answer)
    answer = fill_in(as_(DINA), service, CUSTODIANS, model="provider")
    assert answer.status_code == 422
    assert "cannot hold a share: Northgate controls the zone" in text_of(answer)
    assert not TrustZone.objects.exists()


def test_customers_are_offered_the_people_whom_their_providers_charter_lets_them_ask(world, node, as_):
    world.service(node)
    people = {one.name for one in as_(DINA).get("/zones/found").context["form"].people}
    assert {"Dina", "Emil", "Fay", "Jon", "Kim"} <= people
    assert not {"Ada", "Ben", "Cleo", "Ivo"} & people


def test_the_rules_of_two_sides_are_the_usual_ones_where_two_sides_are(world, node, provider_side):
    charter = world.draft_zone(world.service(node), members=MIXED).document
    assert charter.rules == tuple(sorted(rules_of_two_sides(), key=lambda one: one.operation))


@pytest.mark.parametrize("mode", ["exclusive", "shared"])
def test_the_zone_s_page_says_who_has_what_in_hand(world, node, as_, provider_side, mode):
    zone = world.zone(world.service(node, mode=mode), members=MIXED)
    world.slot(zone, node, for_zone=(NILS, ROSA, DINA, EMIL))
    page = text_of(as_(GUS).get(f"/zones/{zone.pk}"))
    assert ("Master Backup Key (MBK)" in page) is (mode == "exclusive")
    assert ("Tenant Backup Key (TBK)" in page) is (mode == "shared")
    assert "<dt>Controls it</dt><dd><strong>Meridian Bank</strong>" in page
    assert "Its custodians are Dina, Emil and Fay; the backup key is not split yet." in page
    assert "<dt>Manages its keys</dt><dd><strong>Northgate</strong>" in page
    assert "Nils, Rosa and Tom" in page


def test_custodians_of_the_other_side_are_refused_by_the_draft(world, node, provider_side):
    with pytest.raises(Uncontrolled) as refusal:
        world.draft_zone(world.service(node), members=(*CUSTODIANS, NILS.with_roles(Role.CUSTODIAN)))
    assert (refusal.value.code, refusal.value.person) == ("foreign-custodian", "Nils")


# ------------------------------------------------------------------ handing over


@pytest.fixture
def zone(world, node, provider_side):
    """A zone of the customer's, whose backup key its people hold."""
    zone = world.zone(world.service(node), roles=(Role.CUSTODIAN, Role.KEY_MANAGER))
    world.slot(zone, node)
    world.shares(zone, node)
    return zone


def draft_handing_over(world, zone):
    current = CharterVersion.objects.get(authority=zone.pk, state="in-force")
    draft = charter_drafts.draft_amendment(
        current=current,
        duties=[Duty(world.person(one), one.roles) for one in PROVIDERS_CUSTODIANS],
        by=world.person(DINA),
        controller="provider",
    )
    world.sign_charter(draft)
    parameters = {
        "authority": {"kind": "zone", "id": zone.pk, "name": zone.name},
        "version": draft.version,
        "charter": draft.hash,
    }
    return world.propose("charter.amend/v1", parameters, by=DINA)


def test_control_goes_over_when_both_sides_have_signed_and_not_before(world, node, as_, zone):
    proposal = draft_handing_over(world, zone)
    for member in (EMIL, FAY, ROSA):
        proposal = world.approve(proposal, member)
    zone.refresh_from_db()
    assert (proposal.state, zone.controller) == ("proposed", "customer")
    world.approve(proposal, TOM)
    zone.refresh_from_db()
    assert zone.controller == "provider"
    assert LogEntry.objects.filter(event="zone.handed-over").count() == 1
    page = text_of(as_(NILS).get(f"/zones/{zone.pk}"))
    assert "Northgate controls this zone, but Dina, Emil and Fay of the other side can still rebuild" in page
    for tag in ("backup-key.rotate/v1", "key.rotate/v1", "key.destroy/v1"):
        assert f"/propose/{tag}?zone={zone.pk}" in page
    assert "Controls it</dt><dd><strong>Northgate</strong>" in page


def test_the_page_of_handing_over_explains_it_and_leads_to_the_next_version(world, as_, zone):
    page = as_(DINA).get(f"/zones/{zone.pk}/hand-over")
    said = text_of(page)
    assert "At least two people of Meridian Bank" in said
    assert "at least two of Northgate" in said
    assert "go on opening backups that were made before" in said
    assert [one.name for one in page.context["models"]] == ["provider", "provider-holds"]
    current = CharterVersion.objects.get(authority=zone.pk, state="in-force")
    form = as_(DINA).get(f"/charters/{current.pk}/amend?model=provider").context["form"]
    assert form["controller"].value() == "provider"
    assert as_(LEA).get(f"/zones/{zone.pk}/hand-over").status_code == 403


def test_the_form_drafts_a_version_by_which_control_goes_over(world, as_, zone):
    current = CharterVersion.objects.get(authority=zone.pk, state="in-force")
    address = f"/charters/{current.pk}/amend?model=provider"
    browser = as_(NILS)
    assert browser.get(address).status_code == 403  # without a duty in the zone
    browser = as_(DINA)
    form = sent(browser.get(address).context["form"])
    assert form["controller"] == "provider"
    answer = browser.post(address, form | {"step": "review"})
    assert answer.status_code == 422
    assert "cannot hold a share: Northgate controls the zone" in text_of(answer)
    assert HOLDERS[0].name == "Dina"
