"""Statements on their pages: from drawing one up to its seal, which breaks when reality differs."""

import pytest

from hsmnodes.node.protocol.documents import Clause, Role
from hsmnodes.node.protocol.words import fingerprint
from tenants import charters
from tenants.charter_drafts import Terms
from tenants.models import Proposal, Statement
from tests.cast.people import DINA, EMIL, GUS, HANA, JON, LEA
from tests.world import statements as making

pytestmark = pytest.mark.django_db

REACH = "Duty desk, +31 20 555 0100, day and night"


@pytest.fixture
def service(world):
    return world.service(world.node())


@pytest.fixture
def zone(world, service):
    return world.zone_of_custodians(service)


def text_of(answer, status: int = 200) -> str:
    assert answer.status_code == status
    return " ".join(answer.content.decode().split())


def drawn_up(browser, service, **posted):
    answer = browser.post(f"/services/{service.pk}/statement/draw-up", posted)
    assert answer.status_code == 302, answer.content
    return Statement.objects.get(pk=answer.headers["Location"].rsplit("/", 1)[1])


def test_from_the_first_look_to_the_proposal(world, service, zone, as_):
    browser = as_(DINA)
    assert "Nothing has been signed yet" in text_of(browser.get(f"/services/{service.pk}/statement"))
    preview = text_of(browser.get(f"/services/{service.pk}/statement/draw-up"))
    assert "Version 1 of the statement for Payments service" in preview
    assert "Generate keys" in preview
    assert not Statement.objects.exists()
    statement = drawn_up(browser, service, **{"customer-security-officer": REACH})
    shown = text_of(browser.get(f"/statements/{statement.pk}"))
    assert REACH in shown
    assert all(word in shown for word in fingerprint(statement.hash))
    assert browser.post(f"/statements/{statement.pk}/propose").status_code == 302
    proposal = Proposal.objects.get(operation="statement.sign/v1")
    assert proposal.document.parameters["statement"] == statement.hash
    assert "about to be proposed" in text_of(browser.get(f"/statements/{statement.pk}"))
    assert "1 of the statement of the separation of duties" in text_of(
        browser.get(f"/proposals/{proposal.pk}")
    )


def test_what_cannot_be_signed_is_not_taken_as_a_contact(service, zone, as_):
    answer = as_(GUS).post(
        f"/services/{service.pk}/statement/draw-up", {"customer-security-officer": "call \u202eme"}
    )
    assert "cannot be signed as it stands" in text_of(answer, 422)
    assert not Statement.objects.exists()


def test_contacts_stay_from_one_version_to_the_next(world, service, zone, as_):
    drawn_up(as_(GUS), service, **{"customer-security-officer": REACH})
    assert REACH in text_of(as_(JON).get(f"/services/{service.pk}/statement/draw-up"))


def test_a_signed_one_shows_who_signed_and_how_to_verify_it(world, service, zone, as_):
    statement = making.draw_up(world, service)
    making.sign(world, statement)
    shown = text_of(as_(HANA).get(f"/statements/{statement.pk}"))
    for member in making.OFFICERS:
        assert f"<strong>{member.name}</strong>" in shown
    assert "It holds" in shown
    assert f"--provider {charters.anchor_of(service.provider_id)}" in shown
    assert "Yes: version 1 is what is in force" in text_of(as_(JON).get(f"/services/{service.pk}/statement"))
    signed = as_(HANA).get(f"/statements/{statement.pk}/signed.json")
    assert signed.json()["type"] == "quorate/signed-statement/v1"
    assert as_(HANA).get(f"/statements/{statement.pk}/document").content == bytes(statement.raw)
    paper = as_(HANA).get(f"/statements/{statement.pk}/print.pdf")
    assert paper.headers["Content-Type"] == "application/pdf"
    assert paper.content.startswith(b"%PDF-")


def test_the_seal_is_broken_in_words_when_reality_differs(world, service, zone, as_):
    statement = making.draw_up(world, service)
    making.sign(world, statement)
    world.zone(service, name="Cards")
    sentence = "The Trust Zone Cards, controlled by Meridian Bank, is not in the statement."
    shown = text_of(as_(GUS).get(f"/services/{service.pk}/statement"))
    assert "No: what is in force differs from version 1" in shown
    assert "The seal is broken" in shown
    assert sentence in shown
    assert "It holds no more" in text_of(as_(GUS).get(f"/statements/{statement.pk}"))
    assert "One thing differs" in text_of(as_(GUS).get("/statements"))
    asked = as_(GUS).get(f"/api/v1/services/{service.pk}/statement").json()
    assert (asked["holds"], [one["sentence"] for one in asked["differences"]]) == (False, [sentence])


def test_a_rule_weaker_than_the_default_stands_in_red(world, service, as_):
    weak = Clause(role=Role.KEY_MANAGER, group=None, m=1)
    default = charters.document_of(world.draft_zone(service, name="Sample")).rules
    rules = tuple(
        one.model_copy(update={"clauses": (weak,)}) if one.operation == "key.generate/v1" else one
        for one in default
    )
    world.zone(service, name="Lax", terms=Terms(rules=rules))
    statement = making.draw_up(world, service)
    shown = text_of(as_(EMIL).get(f"/statements/{statement.pk}"))
    assert "One rule is weaker than the default" in shown
    assert "Weaker than the default, which asks for: 2 key managers." in shown
    assert 'class="weak"' in shown
    chapters = as_(EMIL).get(f"/api/v1/statements/{statement.pk}").json()["chapters"]
    weaker = [duty["operation"] for one in chapters for duty in one["duties"] if duty["weaker"]]
    assert weaker == ["key.generate/v1"]


def test_the_proposal_form_leads_to_the_statements(world, service, zone, as_):
    answer = as_(DINA).get("/propose/statement.sign/v1")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/statements")
    statement = making.draw_up(world, service)
    proposal = making.propose(world, statement)
    again = as_(DINA).get("/propose/statement.sign/v1", {"again": proposal.pk})
    assert again.headers["Location"] == f"/statements/{statement.pk}"


def test_a_side_whose_charter_has_nobody_sign_statements_is_named(world, service, zone, as_):
    """As with a charter that was founded before there were statements."""
    charter = charters.in_force([world.meridian.pk])[world.meridian.pk]
    rules = tuple(one for one in charter.rules if one.operation != "statement.sign/v1")
    making.amend(world, world.meridian.pk, by=DINA, signers=(GUS, LEA), rules=rules)
    statement = making.draw_up(world, service)
    assert "has nobody sign statements" in text_of(as_(GUS).get(f"/statements/{statement.pk}"))
    shown = text_of(as_(GUS).get(f"/services/{service.pk}/statement"))
    assert "Nobody can sign a statement for Meridian Bank" in shown
