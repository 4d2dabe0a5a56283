"""A token's make is believed if its maker vouches for it; what charters do not accept stays out."""

from dataclasses import replace

import pytest

from console.desk_backend import attestation
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import TokenRules
from tenants import charters, people
from tenants.charter_drafts import Duty, Terms, draft_amendment
from tenants.metadata import keeping
from tenants.models import CharterVersion, Person, Token
from tests.cast.makers import CARD, CLONE, KEYRING, Maker, root_of
from tests.cast.people import GUS, LEA, MERIDIAN
from tests.cast.tokens import SoftwareToken
from tests.console.desk_backend.desk import fetch, post, registration, ticket_of
from tests.world.models import MAKER, OTHER, load_models

pytestmark = pytest.mark.django_db


@pytest.fixture
def listed(world):
    """The world, with a list of three models, of which one fails."""
    load_models()
    return world


def enrol(client, world, *, of: str = KEYRING, attest=None, label: str = "New key", **options):
    """Gus enrols another token by an invitation: what the console answers, and the token if it came in."""
    link = people.invite_person(person=world.person(GUS), by=world.person(LEA))
    ticket = ticket_of(client.post("/desk/enrol", {"invitation": link.secret, "label": label}))
    document = canonical.b64u_decode(fetch(client, ticket)["document"])
    token = SoftwareToken(f"new {label}", simulated=False)
    given = registration(token, document, aaguid=of, attest=attest, **options)
    answered = post(client, "answer", {"ticket": ticket, "registration": given})
    assert answered.status_code == 200, answered.content
    returned = client.get("/desk/return", {"code": answered.json()["code"]})
    return returned, Token.objects.filter(credential_id=token.credential_id).first()


def refused(client, world, **options) -> str:
    """What the page says; nothing came in."""
    returned, token = enrol(client, world, **options)
    assert returned.status_code in (409, 422), returned
    assert token is None
    return returned.content.decode()


def amend(rules: dict) -> None:
    """Have the bank's charter in force say other token rules, as if it had been amended."""
    version = CharterVersion.objects.get(authority=MERIDIAN.id, state="in-force")
    changed = charters.document_of(version).model_copy(update={"token_rules": TokenRules(**rules)})
    CharterVersion.objects.filter(pk=version.pk).update(raw=changed.raw, hash=changed.sha256)


def test_a_token_whose_maker_vouches_for_it_is_proved(listed, client):
    _, token = enrol(client, listed, attest=MAKER.attest)
    assert (token.attestation_trusted, token.attestation_format, token.aaguid) == (True, "packed", KEYRING)


def test_an_authority_of_the_maker_in_between_is_followed(listed, client):
    between = MAKER.root.issue("Maker, plant 2", authority=True)
    batch = between.issue("Maker batch 9", aaguid=KEYRING)
    assert len(batch.chain) == 2
    _, token = enrol(client, listed, attest=replace(MAKER, batch=batch).attest)
    assert token.attestation_trusted


def test_a_token_that_says_nothing_is_not_proved(listed, client):
    _, token = enrol(client, listed)
    assert (token.attestation_trusted, token.attestation_format) == (False, "none")


def test_a_token_of_a_model_that_is_not_listed_is_not_proved(listed, client):
    stranger = Maker.of("4" * 32, "Stranger")
    _, token = enrol(client, listed, of="4" * 32, attest=stranger.attest)
    assert not token.attestation_trusted


def test_without_a_list_no_token_is_proved(world, client):
    _, token = enrol(client, world, attest=MAKER.attest)
    assert not token.attestation_trusted


def test_once_the_next_list_is_overdue_no_token_is_proved(listed, client, monkeypatch):
    monkeypatch.setattr(keeping, "current_list", lambda: None)
    _, token = enrol(client, listed, attest=MAKER.attest)
    assert not token.attestation_trusted


def _forger():
    return replace(MAKER, batch=root_of("Forger").issue("Forger batch", aaguid=KEYRING))


def _by_a_token_s_own_certificate():
    """Whoever has a token's certificate with its key issues certificates, which only authorities may."""
    return replace(MAKER, batch=MAKER.batch.issue("Batch of a batch", aaguid=KEYRING))


def _ended():
    return replace(MAKER, batch=MAKER.root.issue("Old batch", aaguid=KEYRING, ended=True))


LIES = {
    "its certificate is of a maker that is not listed": (_forger, KEYRING, "no maker of this model"),
    "its certificate is of the maker of another model": (
        lambda: replace(OTHER, batch=OTHER.root.issue("Batch", aaguid=KEYRING)),
        KEYRING,
        "no maker of this model",
    ),
    "its certificate is another model's": (lambda: OTHER, KEYRING, "another model"),
    "it says to be a model that its own maker's certificate is not for": (
        lambda: MAKER,
        CARD,
        "another model",
    ),
    "its certificate was made by a token's": (
        _by_a_token_s_own_certificate,
        KEYRING,
        "no maker of this model",
    ),
    "its certificate has ended": (_ended, KEYRING, "no maker of this model"),
}


def _naming_no_model(root):
    """An attestation by a certificate that does not say of which model it is."""
    return replace(MAKER, batch=root.issue("Batch of any model"))


def test_a_certificate_that_names_no_model_proves_none_where_its_maker_vouches_for_several(listed, client):
    """The maker of Keyring 5 vouches for the Clone, too."""
    said = refused(client, listed, of=KEYRING, attest=_naming_no_model(MAKER.root).attest)
    assert "does not name the model where its maker vouches for several" in said


def test_a_certificate_that_names_no_model_proves_the_only_one_its_maker_vouches_for(listed, client):
    _, token = enrol(client, listed, of=CARD, attest=_naming_no_model(OTHER.root).attest)
    assert (token.attestation_trusted, token.aaguid) == (True, CARD)


def test_a_maker_that_is_trusted_for_any_model_proves_one_by_naming_it(world, client, monkeypatch):
    monkeypatch.setattr(attestation, "roots", lambda: (MAKER.root.der,))
    assert "no maker of this model" in refused(client, world, attest=_naming_no_model(MAKER.root).attest)
    _, token = enrol(client, world, attest=MAKER.attest)
    assert token.attestation_trusted


@pytest.mark.parametrize(("make", "of", "says"), LIES.values(), ids=LIES.keys())
def test_a_token_is_refused_where(listed, client, make, of, says):
    assert says in refused(client, listed, of=of, attest=make().attest)


def test_a_certificate_of_another_model_is_refused_without_a_list_too(world, client):
    assert "another model" in refused(client, world, of=CARD, attest=MAKER.attest)


def test_a_statement_over_another_registration_is_refused(listed, client):
    assert refused(client, listed, attest=lambda data, _client: MAKER.attest(data, b"{}"))


def test_a_token_that_did_not_verify_its_user_is_refused(listed, client):
    assert refused(client, listed, attest=MAKER.attest, flags=0x41)


def test_roots_in_a_folder_still_vouch_for_any_model(world, client, settings, tmp_path):
    (tmp_path / "maker.pem").write_bytes(MAKER.root.pem)
    settings.ATTESTATION_ROOTS = tmp_path
    attestation.roots.cache_clear()
    try:
        _, token = enrol(client, world, attest=MAKER.attest)
        assert token.attestation_trusted
        assert "no maker of this model" in refused(client, world, label="2", of=CARD, attest=OTHER.attest)
    finally:
        attestation.roots.cache_clear()


def test_a_model_that_is_known_to_be_compromised_stays_out_even_if_it_is_proved(listed, client):
    clone = replace(MAKER, batch=MAKER.root.issue("Clone batch", aaguid=CLONE))
    said = refused(client, listed, of=CLONE, attest=clone.attest)
    assert "of the model Clone, which is known to be compromised" in said
    assert "its keys can be taken from afar (since 2026-03-04)" in said


@pytest.mark.usefixtures("listed")
class TestWhatTheCharterAccepts:
    """The bank's charter says it; the zone charters of its people are asked the same way."""

    def test_a_blocked_model_stays_out(self, world, client):
        amend({"backup_eligible": "forbidden", "models_blocked": (KEYRING,)})
        said = refused(client, world, attest=MAKER.attest)
        assert "The charter of Meridian Bank does not accept this token, of the model Keyring 5" in said
        assert "its model is blocked" in said

    def test_a_synced_token_stays_out(self, world, client):
        assert "it can be synced" in refused(client, world, flags=0x4D)

    def test_the_token_of_a_model_that_is_not_blocked_comes_in(self, world, client):
        amend({"backup_eligible": "forbidden", "models_blocked": (CARD,)})
        assert enrol(client, world, attest=MAKER.attest)[1]


def demanding(world, **rules) -> None:
    """Have the bank's charter demand of tokens what those in it have been given first."""
    Token.objects.filter(person__organisation=MERIDIAN.id).update(aaguid=KEYRING, attestation_trusted=True)
    current = CharterVersion.objects.get(authority=MERIDIAN.id, state="in-force")
    before = charters.document_of(current)
    duties = [Duty(Person.objects.get(pk=one.id), one.roles) for one in before.people]
    terms = Terms(before.rules, before.groups, TokenRules(backup_eligible="forbidden", **rules))
    drafted = draft_amendment(current=current, duties=duties, by=world.person(GUS), terms=terms)
    CharterVersion.objects.filter(pk=current.pk).update(state="superseded")
    CharterVersion.objects.filter(pk=drafted.pk).update(state="in-force")


def test_where_attestation_is_required_a_token_without_it_stays_out(listed, client):
    demanding(listed, attestation="required")
    assert "its make is not proved" in refused(client, listed)
    assert enrol(client, listed, attest=MAKER.attest, label="proved")[1]


def test_without_a_list_that_is_not_overdue_it_says_why_nothing_is_proved(listed, client, monkeypatch):
    demanding(listed, attestation="required")
    monkeypatch.setattr(keeping, "current_list", lambda: None)
    assert "its operator loads one" in refused(client, listed, attest=MAKER.attest)


def test_the_page_of_an_invitation_says_what_is_accepted(listed, client):
    demanding(listed, attestation="required", models_allowed=(KEYRING,))
    link = people.invite_person(person=listed.person(GUS), by=listed.person(LEA))
    shown = " ".join(client.get(f"/invitation/{link.secret}").content.decode().split())
    assert "Meridian Bank: Tokens that can be synced: not accepted" in shown
    assert "Proof of the make of tokens: required" in shown
    assert "Models that are allowed: Keyring 5 (" in shown


def test_where_models_are_allowed_another_one_stays_out(listed, client):
    demanding(listed, attestation="required", models_allowed=(KEYRING,))
    said = refused(client, listed, of=CARD, attest=OTHER.attest)
    assert "of the model Card" in said
    assert "not one of those allowed" in said
    assert enrol(client, listed, attest=MAKER.attest, label="allowed")[1]
