"""Rules on tokens in a charter's form: what keeps somebody out is said beside them, and can be left out."""

import pytest

from console.pages.charter_difference import differences
from console.pages.token_warnings import token_warnings
from hsmnodes.node.protocol.documents import TokenRules
from tenants.duties import duties_of_organisation
from tenants.metadata import keeping
from tenants.models import CharterVersion, Token
from tests.cast.makers import CARD, CLONE, KEYRING, hyphened
from tests.cast.people import ADA, JON, KIM, NORTHGATE
from tests.cast.tokens import SoftwareToken
from tests.console.pages.charter_forms import sent
from tests.world.models import load_models

pytestmark = pytest.mark.django_db


@pytest.fixture
def listed(world):
    """The world, in which everyone of Northgate has a keyring whose make is proved."""
    load_models()
    Token.objects.filter(person__organisation=NORTHGATE.id).update(aaguid=KEYRING, attestation_trusted=True)
    return world


class Amending:
    """The amendment of Northgate's charter in Jon's browser."""

    def __init__(self, browser, world) -> None:
        self.browser = browser
        self.current = CharterVersion.objects.get(authority=world.northgate.id, state="in-force")
        self.form = sent(browser.get(self.address).context["form"])

    @property
    def address(self) -> str:
        return f"/charters/{self.current.pk}/amend"

    def send(self, **changes):
        return self.browser.post(self.address, self.form | {"step": "review"} | changes)

    def draft(self, **changes):
        answer = self.send(step="draft", **changes)
        assert answer.status_code == 302, answer.context["form"].tokens.errors
        return CharterVersion.objects.get(authority=self.current.authority, state="collecting").document

    def refused(self, **changes):
        """The form as it comes back; nothing was drafted."""
        answer = self.send(step="draft", **changes)
        assert answer.status_code == 422
        assert not CharterVersion.objects.filter(state="collecting").exists()
        return answer.context["form"]


@pytest.fixture
def amending(listed, as_):
    return Amending(as_(JON), listed)


def second_token(member, **changes) -> Token:
    """Another token of the person, enrolled."""
    first = Token.objects.filter(person=member.id).first()
    key = SoftwareToken(f"{member.name}, another", first.algorithm)
    values = {
        name: getattr(first, name)
        for name in ("person", "algorithm", "aaguid", "attestation_format", "attestation_trusted")
    }
    return Token.objects.create(
        **values | {"label": "Another", "backup_eligible": False, "simulated": True} | changes,
        credential_id=key.credential_id,
        public_key=key.public_key,
    )


def text_of(answer) -> str:
    return " ".join(answer.content.decode().split())


STRICT = {"attestation": "required", "models_allowed": f"{hyphened(KEYRING)}  Keyring 5\n\n{CARD.upper()}"}


def test_what_is_filled_in_stands_in_the_charter(amending):
    rules = amending.draft(**STRICT, models_blocked=CLONE).token_rules
    assert rules == TokenRules(
        backup_eligible="forbidden",
        attestation="required",
        models_allowed=(KEYRING, CARD),
        models_blocked=(CLONE,),
    )


def test_the_form_begins_with_what_is_in_force(amending, as_):
    amending.draft(**STRICT)
    CharterVersion.objects.filter(pk=amending.current.pk).update(state="superseded")
    CharterVersion.objects.filter(state="collecting").update(state="in-force")
    amending.current = CharterVersion.objects.get(authority=NORTHGATE.id, state="in-force")
    again = sent(as_(JON).get(amending.address).context["form"])
    assert again["attestation"] == "required"
    assert again["models_allowed"] == f"{hyphened(KEYRING)}  Keyring 5\n{hyphened(CARD)}  Card"


@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        ({"models_allowed": KEYRING}, "models_allowed", "Require proof of their make"),
        (STRICT | {"models_blocked": CARD}, "models_blocked", "Card is allowed above."),
        ({"models_blocked": "Keyring 5"}, "models_blocked", "“Keyring” is no AAGUID"),
        ({"models_blocked": "\n".join(f"{n:032x}" for n in range(257))}, "models_blocked", "At most 256"),
        ({"tokens_each": "0"}, "tokens_each", "greater than or equal to 1"),
        ({"tokens_each": "11"}, "tokens_each", "less than or equal to 10"),
        ({"tokens_each": ""}, "tokens_each", "Say how many."),
        ({"attestation": "maybe"}, "attestation", "maybe"),
    ],
)
def test_what_cannot_be_meant_is_refused_beside_it(amending, changes, field, says):
    assert says in str(amending.refused(**changes).tokens.errors[field])


def _unproved():
    Token.objects.filter(person=KIM.id).update(attestation_trusted=False)


def _of_another_model():
    Token.objects.filter(person=KIM.id).update(aaguid=CLONE)


NOT_ACCEPTED = {
    "its make is not proved": (_unproved, {"attestation": "required"}, "its make is not proved"),
    "its model is blocked": (_of_another_model, {"models_blocked": CLONE}, "its model is blocked"),
    "its model is not allowed": (_of_another_model, STRICT, "its model is not one of those allowed"),
}


@pytest.mark.parametrize(("hold", "rules", "says"), NOT_ACCEPTED.values(), ids=NOT_ACCEPTED.keys())
def test_rules_are_not_tightened_over_a_token_that_somebody_holds(amending, hold, rules, says):
    """The person and the token are named, and nothing is drafted, until it is said what becomes of it."""
    hold()
    said = amending.refused(**rules).errors
    assert list(said) == [f"roles-{KIM.id}"]
    assert f"The token “Token kim” is not accepted: {says}." in str(said)


@pytest.mark.parametrize(("hold", "rules", "says"), NOT_ACCEPTED.values(), ids=NOT_ACCEPTED.keys())
def test_a_token_that_is_not_accepted_is_left_out_when_its_holder_has_another(amending, hold, rules, says):
    second_token(KIM)
    hold()
    Token.objects.filter(person=KIM.id, label="Another").update(aaguid=KEYRING, attestation_trusted=True)
    drafted = amending.draft(**rules, leave_out="on")
    assert [one.label for one in drafted.persons[KIM.id].tokens] == ["Another"]
    said = " ".join(one.sentence for one in differences(amending.current.document, drafted))
    assert "Kim signs no more by “Token kim”." in said


def test_whoever_has_no_other_token_cannot_stand_in_it(amending):
    _of_another_model()
    said = amending.refused(models_blocked=CLONE, leave_out="on").errors[f"roles-{KIM.id}"]
    assert "Kim has 0 tokens that these rules accept, and they ask for 1." in str(said)
    drafted = amending.draft(models_blocked=CLONE, leave_out="on", **{f"roles-{KIM.id}": []}, **_officers())
    assert KIM.id not in drafted.persons


def _officers() -> dict[str, object]:
    """Ada is a security officer instead, so that two are left."""
    return {f"roles-{ADA.id}": ["hsm-administrator", "security-officer"]}


def test_two_tokens_each_are_asked_of_everyone(amending):
    said = amending.refused(tokens_each="2").errors
    assert "Kim has 1 token that these rules accept, and they ask for 2." in str(said[f"roles-{KIM.id}"])
    for member in amending.current.document.people:
        second_token(member)
    assert amending.draft(tokens_each="2").token_rules.tokens_each == 2


def test_a_suspended_token_is_none_of_the_two(amending):
    for member in amending.current.document.people:
        second_token(member)
    Token.objects.filter(person=KIM.id, label="Another").update(suspended_at=amending.current.created_at)
    assert list(amending.refused(tokens_each="2").errors) == [f"roles-{KIM.id}"]


def test_the_review_says_what_changes_and_what_is_less_strict(amending):
    shown = text_of(amending.send(**STRICT, models_blocked=CLONE))
    assert "Proof of the make of tokens: required, instead of not required." in shown
    assert f"Models that are allowed: Keyring 5 ({hyphened(KEYRING)}), Card ({hyphened(CARD)})" in shown
    assert f"Models that are blocked: Clone ({hyphened(CLONE)}), instead of none." in shown
    assert "less strict" not in shown
    old = amending.current.document
    new = old.model_copy(
        update={"token_rules": TokenRules(backup_eligible="forbidden", models_blocked=(CARD, CLONE))}
    )
    [eased] = differences(new, new.model_copy(update={"token_rules": old.token_rules}))
    assert eased.eased


ONLY_KEYRINGS = {"attestation": "required", "models_allowed": (KEYRING,)}


@pytest.mark.parametrize(
    ("before", "after", "eased"),
    [
        ({"attestation": "required"}, {}, ["Proof of the make of tokens"]),
        (ONLY_KEYRINGS, {"attestation": "required"}, ["Models that are allowed"]),
        ({"tokens_each": 3}, {"tokens_each": 2}, ["Tokens that everyone has, at least"]),
        ({}, {"tokens_each": 2, "attestation": "required"}, []),
    ],
)
def test_what_accepts_more_is_less_strict(listed, before, after, eased):
    version = CharterVersion.objects.get(authority=NORTHGATE.id, state="in-force").document
    people = tuple(one.model_copy(update={"tokens": tuple(_tokens(one, 3))}) for one in version.people)
    old, new = (
        version.model_copy(
            update={"people": people, "token_rules": TokenRules(**{"backup_eligible": "forbidden"} | rules)}
        )
        for rules in (before, after)
    )
    assert [one.what for one in differences(old, new) if one.eased] == eased


def _tokens(person, count):
    first = person.tokens[0].model_copy(
        update={"aaguid": KEYRING, "attestation": {"format": "packed", "trusted": True}}
    )
    yield first
    for number in range(1, count):
        key = SoftwareToken(f"{person.name} {number}")
        yield first.model_copy(
            update={
                "credential_id": key.credential_id,
                "public_key": key.public_key,
                "algorithm": key.algorithm,
                "label": f"Token {number}",
            }
        )


def test_the_analyser_warns_of_models_that_fail_and_of_people_with_one_token(listed, monkeypatch):
    duties = duties_of_organisation(listed.northgate, listed.person(JON))
    said = {one.title: one.state for one in token_warnings(duties)}
    [(title, state)] = said.items()
    assert "stand in the charter of Northgate with one token each: whoever loses it is locked out." in title
    assert state == "wait"
    version = CharterVersion.objects.get(authority=NORTHGATE.id, state="in-force")
    fails = keeping.known([CLONE])[CLONE]
    monkeypatch.setattr(keeping, "failing", lambda: {"0" * 32: fails})
    assert version.document.people[0].tokens[0].aaguid == "0" * 32
    found = list(token_warnings(duties_of_organisation(listed.northgate, listed.person(JON))))
    assert found[0].state == "bad"


def test_a_list_of_blocked_models_that_anyone_gets_around_is_warned_about(amending):
    shown = text_of(amending.send(models_blocked=CLONE))
    assert "blocks models, and does not ask for proof of their make." in shown
    assert "does not ask for proof" not in text_of(
        amending.send(models_blocked=CLONE, attestation="required")
    )


def test_accepting_synced_tokens_is_less_than_the_default(amending):
    shown = text_of(amending.send(backup_eligible="allowed"))
    assert "asks for less of tokens than the default. Tokens that can be synced: accepted." in shown
    assert "less strict" in shown


def test_a_charter_says_what_tokens_it_accepts_and_of_which_models_its_own_are(amending, as_):
    amending.draft(**STRICT)
    version = CharterVersion.objects.get(authority=NORTHGATE.id, state="collecting")
    shown = text_of(as_(JON).get(f"/charters/{version.pk}"))
    assert f"Keyring 5 ({hyphened(KEYRING)}), Card ({hyphened(CARD)})" in shown
    assert shown.count("<span>Keyring 5</span>") == len(version.document.people)


def test_people_and_tokens_of_a_model_that_fails_are_flagged(listed, as_):
    assert "compromised" not in text_of(as_(JON).get("/people"))
    Token.objects.filter(person=KIM.id).update(aaguid=CLONE)
    assert text_of(as_(JON).get("/people")).count("compromised: Clone") == 1
    shown = text_of(as_(JON).get(f"/people/{KIM.id}"))
    assert "Clone is known to be compromised" in shown
    assert "Its keys can be taken from afar (since 2026-03-04)." in shown
    rows = b"".join(as_(JON).get("/tokens.csv").streaming_content).decode()
    assert "Clone,its keys can be taken from afar (since 2026-03-04)" in rows


def test_programs_and_people_read_of_models_by_the_api(listed, as_):
    Token.objects.filter(person=KIM.id).update(aaguid=CLONE)
    [clone] = as_(JON).get(f"/api/v1/tokens?person={KIM.id}").json()["results"]
    assert clone["model"] == {
        "aaguid": CLONE,
        "name": "Clone",
        "compromises": [{"status": "USER_KEY_REMOTE_COMPROMISE", "since": "2026-03-04"}],
    }
    Token.objects.filter(person=KIM.id).update(aaguid="9" * 32)
    one = as_(JON).get(f"/api/v1/tokens/{clone['id']}").json()
    assert one["model"] == {"aaguid": "9" * 32, "name": "", "compromises": []}
