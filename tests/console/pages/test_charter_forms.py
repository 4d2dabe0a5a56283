"""Drafting charters: rules of several clauses, groups, what is refused and where, and the review."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from console.pages.charter_difference import differences
from console.pages.forms.charter_form import CharterForm
from hsmnodes.node.protocol.documents import AuthorityKind, Group, Role, TokenRules
from hsmnodes.node.protocol.documents.charter import Attestation
from tenants import charters, clock
from tenants.models import CharterVersion, Person, Token
from tests.cast.deployment import Deployment
from tests.cast.people import ADA, BEN, CLEO, DINA, JON, KIM, make_id
from tests.console.pages.charter_forms import group, rule, sent

pytestmark = pytest.mark.django_db

START, AMEND, ENROL = "service.start/v1", "charter.amend/v1", "node.enrol/v1"
ADMINISTRATORS, OFFICERS = "role:hsm-administrator", "role:security-officer"


class Amending:
    """The amendment of Northgate's charter in Jon's browser."""

    def __init__(self, browser, world) -> None:
        self.browser = browser
        self.current = CharterVersion.objects.get(authority=world.northgate.id, state="in-force")
        self.address = f"/charters/{self.current.pk}/amend"
        self.form = sent(browser.get(self.address).context["form"])

    def send(self, **changes):
        step = changes.pop("step", "review")
        return self.browser.post(self.address, self.form | changes | {"step": step})

    def draft(self, **changes):
        self.send(**changes, step="draft")
        return CharterVersion.objects.get(authority=self.current.authority, state="collecting").document


@pytest.fixture
def amending(world, as_):
    return Amending(as_(JON), world)


def text_of(answer) -> str:
    return " ".join(answer.content.decode().split())


def test_it_takes_as_many_queries_whoever_is_in_it(amending, django_assert_num_queries):
    amending.browser.get(amending.address)
    with CaptureQueriesContext(connection) as before:
        amending.browser.get(amending.address)
    for number in range(5):
        Person.objects.create(
            id=make_id(f"one more {number}"),
            organisation=amending.current.organisation,
            name=f"One More {number}",
            created_at=clock.now(),
        )
    with django_assert_num_queries(len(before)):
        amending.browser.get(amending.address)


def test_the_form_begins_with_what_is_in_force(amending):
    draft, current = amending.draft(), amending.current.document
    assert (draft.rules, draft.groups) == (current.rules, current.groups)
    assert [(one.id, one.roles) for one in draft.people] == [(one.id, one.roles) for one in current.people]


def test_a_rule_has_as_many_clauses_as_it_needs(amending):
    draft = amending.draft(**rule(START, (2, ADMINISTRATORS), (1, OFFICERS)))
    asked = [(one.m, one.role, one.group) for one in draft.rule(START).clauses]
    assert asked == [(2, Role.HSM_ADMINISTRATOR, None), (1, Role.SECURITY_OFFICER, None)]


OR_ELSE = rule(START, (2, ADMINISTRATORS), (1, ADMINISTRATORS, "or"), (1, OFFICERS, "and"))


def test_a_rule_has_alternatives_and_the_review_says_that_less_is_asked_for(amending):
    draft = amending.draft(**OR_ELSE)
    asked = [[(one.m, one.role) for one in way] for way in draft.rule(START).ways]
    assert asked == [
        [(2, Role.HSM_ADMINISTRATOR)],
        [(1, Role.HSM_ADMINISTRATOR), (1, Role.SECURITY_OFFICER)],
    ]
    [change] = differences(amending.current.document, draft)
    assert change.after == "2 HSM administrators, or else 1 HSM administrator and 1 security officer"
    assert change.eased


def test_a_form_begins_with_the_alternatives_that_there_are(amending):
    form = CharterForm(AuthorityKind.PROVIDER, Person.objects.all(), before=amending.draft(**OR_ELSE))
    [rows] = [one for one in form.rules if one.operation == START]
    assert [one["joins"].value() for one in rows.forms] == ["and", "or", "and"]
    assert rows.rule().alternatives is not None
    assert START in form.weaker


def test_a_first_clause_begins_no_alternative_to_nothing(amending):
    draft = amending.draft(**rule(START, (2, ADMINISTRATORS, "or")))
    assert draft.rule(START).alternatives is None


NOT_ALTERNATIVES = {
    "below the floor": (((2, ADMINISTRATORS), (1, OFFICERS, "or")), "At least 2 people must sign this"),
    "too many": (
        ((2, ADMINISTRATORS), *[(2, OFFICERS, "or")] * 4),
        "A rule has at most 4 alternatives.",
    ),
    "that nobody can meet": (((2, ADMINISTRATORS), (9, OFFICERS, "or")), "Too few people could sign this"),
}


@pytest.mark.parametrize(("clauses", "said"), NOT_ALTERNATIVES.values(), ids=NOT_ALTERNATIVES.keys())
def test_alternatives_are_refused_with_their_reason(amending, clauses, said):
    answer = amending.send(**rule(START, *clauses))
    assert answer.status_code == 422
    assert said in text_of(answer)


def test_a_rule_asks_for_members_of_a_group(amending):
    board = group(0, "release-board", ADA, BEN, JON)
    draft = amending.draft(**board, **rule(START, (2, ADMINISTRATORS), (1, "group:release-board")))
    assert [(one.name, set(one.people)) for one in draft.groups] == [
        ("release-board", {ADA.id, BEN.id, JON.id})
    ]
    assert draft.rule(START).clauses[1].group == "release-board"


def test_members_of_a_group_come_and_go(amending):
    old = amending.draft(**group(0, "release-board", ADA, BEN))
    form = CharterForm(AuthorityKind.PROVIDER, Person.objects.all(), before=old)
    assert set(form.groups.forms[0]["people"].value()) == {ADA.id, BEN.id}
    new = old.model_copy(
        update={"groups": (Group(name="release-board", people=tuple(sorted((BEN.id, CLEO.id)))),)}
    )
    assert [one.sentence for one in differences(old, new)] == [
        "Into the group release-board: Cleo. Out of the group release-board: Ada."
    ]


def test_who_is_only_in_a_group_stands_in_the_charter_without_a_role(amending):
    draft = amending.draft(**{f"roles-{CLEO.id}": []}, **group(0, "release-board", ADA, CLEO))
    assert draft.persons[CLEO.id].roles == ()


def test_a_rule_that_asks_nobody_denies_and_says_so(amending):
    shown = text_of(amending.send(**rule(ENROL)))
    assert "“Enrol a node” is not allowed any more: nobody can sign for it." in shown
    assert "Nobody can enrol a node: it is denied." in shown
    assert amending.draft(**rule(ENROL)).rule(ENROL).clauses == ()
    drafted = CharterVersion.objects.get(state="collecting", authority=amending.current.authority)
    assert "Nobody can sign for it: it is denied." in text_of(amending.browser.get(f"/charters/{drafted.pk}"))


def test_a_form_without_its_rules_denies_rather_than_keeps_them(amending):
    answer = amending.browser.post(
        amending.address, {name: value for name, value in amending.form.items() if "rule:" not in name}
    )
    assert answer.status_code == 422
    assert not CharterVersion.objects.filter(state="collecting").exists()


@pytest.mark.parametrize(
    ("changes", "where", "message"),
    [
        (rule(AMEND), AMEND, "Without this rule nobody could ever change or renew the charter."),
        (rule(START, (1, OFFICERS)), START, "At least 2 people must sign this, whatever a charter says."),
        (rule(START, (9, OFFICERS)), START, "Too few people could sign this, even if all of them did."),
        (rule(START, (2, ADMINISTRATORS), (2, "")), START, "Say who must sign."),
        (rule(START, (2, "group:nobody")), START, "Say who must sign: this group is not in the charter."),
        (rule(START, (0, OFFICERS)), START, "Ensure this value is greater than or equal to 1."),
    ],
)
def test_a_rule_is_refused_beside_it_and_nothing_is_lost(amending, changes, where, message):
    answer = amending.send(**changes, **{f"roles-{KIM.id}": ["security-officer", "auditor"]})
    assert answer.status_code == 422
    form = answer.context["form"]
    found = {
        rows.operation: [
            *rows.errors,
            *(one for row in rows.forms for each in row.errors.values() for one in each),
        ]
        for rows in form.rules
    }
    assert [tag for tag, errors in found.items() if errors] == [where]
    assert message in " ".join(found[where])
    assert message in text_of(answer)
    assert form[f"roles-{KIM.id}"].value() == ["security-officer", "auditor"]
    assert not CharterVersion.objects.filter(state="collecting").exists()


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (group(0, "Release Board", ADA), "Begin with a small letter"),
        (group(0, "", ADA), "Give the group a name."),
        (group(0, "board"), "Tick who is in it, or remove the group."),
        (group(0, "board", ADA) | group(1, "board", BEN), "Another group has this name."),
    ],
)
def test_a_group_is_refused_beside_it(amending, groups, message):
    answer = amending.send(**groups)
    assert answer.status_code == 422
    assert message in text_of(answer)


def test_tokens_that_the_charter_does_not_accept_are_named_beside_their_holder(amending):
    Token.objects.filter(person=KIM.id).update(backup_eligible=True, label="Cloud key")
    answer = amending.send()
    assert "The token “Cloud key” is not accepted: it can be synced." in str(
        answer.context["form"].errors[f"roles-{KIM.id}"]
    )


def test_duties_that_must_be_apart_are_refused_beside_the_person(stage, as_):
    zone = CharterVersion.objects.get(authority=stage.zones["Cards"].pk, state="in-force")
    browser = as_(DINA)
    address = f"/charters/{zone.pk}/amend"
    ada = stage.world.person(ADA)
    Person.objects.filter(pk=ada.pk).update(organisation=stage.world.meridian)
    form = sent(browser.get(address).context["form"]) | {f"roles-{ADA.id}": ["key-manager"]}
    answer = browser.post(address, form)
    assert answer.status_code == 422
    assert "Ada cannot be HSM administrator and hold duties in Cards." in str(
        answer.context["form"].errors[f"roles-{ADA.id}"]
    )


def test_the_review_says_in_sentences_what_changes_and_drafts_nothing(amending):
    changes = rule(START, (1, ADMINISTRATORS), (1, OFFICERS)) | group(0, "release-board", ADA, BEN)
    shown = text_of(amending.send(**changes, **{f"roles-{CLEO.id}": []}))
    assert "Cleo of Northgate is removed, and can sign for nothing here any more." in shown
    assert "The group release-board is added: Ada and Ben." in shown
    assert (
        "“Start a service” needs 1 HSM administrator and 1 security officer, instead of 2 HSM administrators."
        in shown
    )
    assert not CharterVersion.objects.filter(state="collecting").exists()


def test_the_review_leads_on_to_just_that_draft_or_back_to_the_form(amending):
    review = amending.send(**rule(START, (3, ADMINISTRATORS)))
    kept: dict[str, list[str]] = {}
    for name, value in review.context["kept"]:
        kept.setdefault(name, []).append(value)
    back = amending.browser.post(amending.address, kept | {"step": "change"})
    assert back.status_code == 200
    filled = (amending.form | rule(START, (3, ADMINISTRATORS))).items()
    wanted = {name: value if isinstance(value, list) else str(value) for name, value in filled if value != []}
    assert sent(back.context["form"]) == wanted
    answer = amending.browser.post(amending.address, kept | {"step": "draft"})
    drafted = CharterVersion.objects.get(state="collecting", authority=amending.current.authority)
    assert answer["Location"] == f"/charters/{drafted.pk}"
    assert drafted.document.rule(START).clauses[0].m == 3
    assert "“Start a service” needs 3 HSM administrators, instead of 2" in text_of(
        amending.browser.get(f"/charters/{drafted.pk}")
    )


def test_a_renewal_says_that_nothing_else_changes(amending):
    assert "Nobody, no group and no rule changes" in text_of(amending.send())


def test_a_key_that_changed_under_its_label_is_a_difference(amending):
    old = amending.current.document
    ada = old.persons[ADA.id]
    swapped = ada.tokens[0].model_copy(update={"public_key": KIM.second_key.token().public_key})
    new = old.model_copy(
        update={
            "people": tuple(
                one if one.id != ADA.id else one.model_copy(update={"tokens": (swapped,)})
                for one in old.people
            )
        }
    )
    assert "Ada signs by another token" in differences(old, new)[0].sentence


TOLD = {
    "its make is proved (packed), instead of its make is not proved (none)": {
        "attestation": Attestation(format="packed", trusted=True)
    },
    f"it is of the model {'ab' * 16}, instead of it is of the model {'00' * 16}": {"aaguid": "ab" * 16},
    "it can be synced, instead of it cannot be synced": {"backup_eligible": True},
    "it is called “YubiKey 5 FIPS”, instead of it is called “Token ada”": {"label": "YubiKey 5 FIPS"},
}


@pytest.mark.parametrize(("said", "facts"), TOLD.items(), ids=TOLD.keys())
def test_what_is_said_of_a_token_otherwise_stands_in_words(said, facts):
    old = Deployment().northgate.current
    old = old.model_copy(update={"token_rules": TokenRules(backup_eligible="allowed")})
    ada = old.persons[ADA.id]
    told = ada.model_copy(update={"tokens": (ada.tokens[0].model_copy(update=facts),)})
    new = old.model_copy(update={"people": tuple(told if one == ada else one for one in old.people)})
    [difference] = differences(old, new)
    assert difference.sentence == (
        f"Of the token “Token ada” of Ada the charter says: {said}. Its holder signs for that with it."
    )


def test_a_token_that_is_described_anew_signs_before_the_amendment_can_come_into_force(amending):
    Token.objects.filter(person_id=ADA.id).update(attestation_trusted=True)
    amending.draft()
    drafted = CharterVersion.objects.get(authority=amending.current.authority, state="collecting")
    waiting = charters.unsigned(drafted)
    held = Token.objects.filter(person_id=ADA.id, suspended_at=None)
    assert {one.token.credential_id for one in waiting} == {one.credential_id for one in held}
    assert {one.person for one in waiting} == {ADA.id}
    shown = text_of(amending.browser.get(f"/charters/{drafted.pk}"))
    assert "its make is proved (none), instead of its make is not proved (none)" in shown


def test_a_share_key_is_admitted_with_how_it_is_kept():
    before = Deployment().zone().current
    dina = before.persons[DINA.id]
    keyed = dina.tokens[0].model_copy(update={"share_key": DINA.key.share_key(DINA, kept="sheet")})
    people = tuple(
        one.model_copy(update={"tokens": (keyed,)}) if one.id == DINA.id else one for one in before.people
    )
    [difference] = differences(before, before.model_copy(update={"people": people}))
    assert difference.sentence == (
        "A share key of Dina, made with “Token dina” (kept on a printed sheet), is admitted: "
        "compare its words."
    )


def test_asking_for_fewer_people_is_marked(amending):
    shown = text_of(
        amending.send(**rule(AMEND, (2, OFFICERS)), **rule(START, (2, OFFICERS), (1, ADMINISTRATORS)))
    )
    assert "less strict" not in shown
    current = amending.current.document
    eased = charters.parse(amending.draft(**rule(ENROL, (3, ADMINISTRATORS))).raw)
    assert [one.eased for one in differences(eased, current)] == [True]
