"""From the choice of an operation to its draft: forms made from parameters, and what they say if refused."""

import pytest

from hsmnodes.node.operations.key.making import ALGORITHMS
from hsmnodes.node.operations.registry import operations
from hsmnodes.node.protocol.documents import Role
from tenants import charter_drafts, tags
from tenants.charter_drafts import Duty
from tenants.errors import NotAllowed
from tenants.models import Proposal, Service, State, TrustZone
from tests.cast.people import CLEO, DINA, EMIL, HANA, IVO

pytestmark = pytest.mark.django_db


@pytest.fixture
def key_form(stage):
    return {
        "zone": stage.zones["Cards"].pk,
        "on_node": stage.nodes["ams-1"].id,
        "keys-total": "1",
        "keys-0-label": "settlement",
        "keys-0-algorithm": "ec-p256",
        "keys-0-usages": ["sign"],
        "reason": "For the new\nsettlement  service.",
        "lifetime": "86400",
    }


def test_people_are_offered_what_they_may_propose_with_the_consent_it_needs(stage, as_):
    page = as_(DINA).get("/propose").content.decode()
    assert "Generate keys" in page
    assert "Enrol a node" not in page
    assert "2 key managers" in page
    assert "no duty that can propose" in as_(HANA).get("/propose").content.decode()


def test_it_takes_as_many_queries_whatever_is_offered(stage, as_, django_assert_max_num_queries):
    browser = as_(CLEO)
    with django_assert_max_num_queries(11):
        browser.get("/propose")


def test_every_operation_has_a_form(stage, as_):
    for tag in operations():
        of_the_provider = tag.startswith(("node.", "service.", "slot.")) or tag in tags.CHANGE_CLUSTERS
        member = CLEO if of_the_provider else DINA
        begins_on_a_page = tag in (tags.VERIFY_BACKUP, tags.RESTORE_BACKUP, tags.SIGN_STATEMENT)
        wanted = 302 if begins_on_a_page else 200
        assert as_(member).get(f"/propose/{tag}").status_code == wanted, tag


def test_a_complete_form_becomes_a_draft_with_that_document(stage, as_, key_form):
    answer = as_(DINA).post("/propose/key.generate/v1", key_form)
    draft = Proposal.objects.filter(state=State.DRAFT, requester=DINA.id).get()
    assert answer["Location"] == f"/proposals/{draft.pk}"
    assert draft.document.parameters["keys"] == [
        {"label": "settlement", "algorithm": "ec-p256", "usages": ["sign"]}
    ]
    assert draft.reason == "For the new settlement service."
    assert draft.document.expires_at - draft.document.not_before == 86_400


def test_several_keys_become_several_parameters(stage, as_, key_form):
    more = {"keys-total": "2", "keys-1-label": "second", "keys-1-algorithm": "aes-256"}
    as_(DINA).post("/propose/key.generate/v1", key_form | more | {"keys-1-usages": ["encrypt", "decrypt"]})
    draft = Proposal.objects.filter(state=State.DRAFT, requester=DINA.id).get()
    assert [key["label"] for key in draft.document.parameters["keys"]] == ["settlement", "second"]
    assert draft.document.parameters["keys"][1]["usages"] == ["decrypt", "encrypt"]


def test_what_is_missing_is_said_beside_it_and_nothing_is_lost(stage, as_, key_form):
    answer = as_(DINA).post("/propose/key.generate/v1", key_form | {"reason": "", "keys-0-label": ""})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Say why. Those who sign need it to decide." in page
    assert "This is needed." in page
    assert 'value="ec-p256" selected' in page
    assert not Proposal.objects.filter(state=State.DRAFT, requester=DINA.id).exists()


def test_a_usage_that_does_not_fit_is_refused_in_its_row(stage, as_, key_form):
    answer = as_(DINA).post("/propose/key.generate/v1", key_form | {"keys-0-usages": ["encrypt"]})
    assert answer.status_code == 422
    assert "A key of ec-p256 has no such usage." in answer.content.decode()


def test_text_that_cannot_be_signed_is_refused(stage, as_, key_form):
    answer = as_(DINA).post("/propose/key.generate/v1", key_form | {"keys-0-label": "a\u202eb"})
    assert answer.status_code == 422
    assert "cannot be signed as it stands" in answer.content.decode()


def test_zones_of_others_are_not_in_the_list_and_not_accepted(stage, as_, key_form):
    foreign = as_(IVO).post("/propose/key.generate/v1", key_form)
    assert foreign.status_code == 403
    assert not Proposal.objects.filter(requester=IVO.id).exists()


def test_keys_to_destroy_are_ticked_from_those_that_live(stage, as_):
    zone = stage.zones["Cards"]
    doomed = zone.hsm_keys.get(label="issuer-2026")
    page = as_(DINA).get(f"/propose/key.destroy/v1?zone={zone.pk}").content.decode()
    assert doomed.pk in page
    assert f"issuer-2026 ({ALGORITHMS[doomed.algorithm]})" in page
    form = {
        "zone": zone.pk,
        "on_node": stage.nodes["ams-1"].id,
        "keys": [doomed.pk],
        "reason": "Out of use.",
        "lifetime": "3600",
    }
    as_(DINA).post("/propose/key.destroy/v1", form)
    draft = Proposal.objects.get(operation="key.destroy/v1")
    assert draft.document.parameters["keys"] == [{"id": doomed.pk, "label": "issuer-2026"}]


def test_where_there_are_several_zones_one_is_chosen_before_its_keys_are_listed(stage, as_):
    form = "/propose/key.destroy/v1"
    cards, payments = stage.zones["Cards"], stage.zones["Payments"]
    doomed = cards.hsm_keys.get(label="issuer-2026").pk
    before = as_(DINA).get(form).content.decode()
    assert '<form class="form" method="get">' in before
    assert cards.pk in before
    assert payments.pk in before
    assert doomed not in before
    page = as_(DINA).get(form, {"zone": cards.pk}).content.decode()
    assert doomed in page
    assert payments.pk not in page
    assert "Choose another Trust Zone" in page
    for wrong in ("", "0" * 32):
        assert doomed not in as_(DINA).get(form, {"zone": wrong}).content.decode()


def test_hashes_are_derived_and_never_typed(stage, as_):
    form = {
        "service": "Archive",
        "mode": "shared",
        "customer": stage.world.meridian.pk,
        "on_node": stage.nodes["ams-2"].id,
        "reason": "Ordered in October.",
        "lifetime": "3600",
    }
    assert "customer_founding" not in as_(CLEO).get("/propose/service.start/v1").content.decode()
    as_(CLEO).post("/propose/service.start/v1", form)
    draft = Proposal.objects.get(operation="service.start/v1", state=State.DRAFT)
    assert draft.document.parameters["customer_founding"] == stage.charters["meridian"].hash


def test_a_draft_that_is_changed_takes_the_place_of_the_old_one(stage, as_, key_form):
    browser = as_(DINA)
    browser.post("/propose/key.generate/v1", key_form)
    old = Proposal.objects.get(state=State.DRAFT, requester=DINA.id)
    page = browser.get(f"/propose/key.generate/v1?again={old.pk}").content.decode()
    assert 'value="settlement"' in page
    browser.post(f"/propose/key.generate/v1?again={old.pk}", key_form | {"keys-0-label": "settled"})
    new = Proposal.objects.get(state=State.DRAFT, requester=DINA.id)
    assert new.document.parameters["keys"][0]["label"] == "settled"
    assert Proposal.objects.get(pk=old.pk).state == State.CANCELLED


def test_the_draft_shows_the_exact_document_and_leads_to_the_desk(stage, as_):
    draft = stage.proposals["draft"]
    from tests.cast.people import FAY

    page = as_(FAY).get(f"/proposals/{draft.pk}").content.decode()
    assert f"/desk/propose/{draft.pk}" in page
    assert draft.hash in page
    assert f"/desk/propose/{draft.pk}" not in as_(EMIL).get(f"/proposals/{draft.pk}").content.decode()


def test_an_auditor_is_not_offered_to_draft_a_zone(stage, as_):
    page = as_(HANA).get("/zones/found")
    assert "You audit, and draft nothing" in page.content.decode()
    service = stage.zones["Cards"].service_id
    asked = {"service": service, "name": "Hers", "controller": "customer"}
    assert as_(HANA).post("/zones/found", asked).status_code == 422
    with pytest.raises(NotAllowed):
        charter_drafts.draft_zone(
            service=Service.objects.get(pk=service),
            name="Hers",
            controller="customer",
            duties=[Duty(stage.world.person(HANA), (Role.KEY_MANAGER,))],
            by=stage.world.person(HANA),
        )
    assert not TrustZone.objects.filter(name="Hers").exists()
