"""Which tokens a charter accepts. One that holds others is no charter, whoever has signed it."""

from typing import Any

import pytest
from pydantic import ValidationError

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.charters import verify_amendment
from hsmnodes.node.protocol.documents import Charter, CharterLink, Person, TokenRules
from hsmnodes.node.protocol.documents.charter import Attestation
from hsmnodes.node.protocol.errors import Refused
from hsmnodes.node.protocol.token_rules import Why, not_accepted, why_not
from tests.cast.people import GUS, HANA, LEA
from tests.hsmnodes.node.protocol.amending import CHAIN, CURRENT, PEOPLE, but, in_order
from tests.hsmnodes.node.protocol.making import NOW

KEYRING, CARD, CLONE = "1" * 32, "2" * 32, "3" * 32
PROVED = Attestation(format="packed", trusted=True)
FORBIDDEN: dict[str, Any] = {"backup_eligible": "forbidden"}
REQUIRED: dict[str, Any] = FORBIDDEN | {"attestation": "required"}


def everyone_with(
    *, each: int = 1, of_gus: dict[str, Any] | None = None, **changes: Any
) -> tuple[Person, ...]:
    """Everyone with tokens of one model, proved, `each` of them; those of Gus as `of_gus` says."""
    usual = {"aaguid": KEYRING, "attestation": PROVED} | changes

    def of(member: Any) -> Person:
        keys = (member.key, member.second_key)[:each]
        said = usual | ((of_gus or {}) if member is GUS else {})
        return member.person().model_copy(update={"tokens": tuple(key.token(**said) for key in keys)})

    return in_order(of(one) for one in PEOPLE)


def lacking(each: int) -> tuple[Person, ...]:
    """Everyone with two tokens, and Gus with `each`."""
    gus = next(one for one in everyone_with(each=each) if one.id == GUS.id)
    return in_order([gus, *(one for one in everyone_with(each=2) if one.id != GUS.id)])


ACCEPTED: dict[str, tuple[dict[str, Any], tuple[Person, ...]]] = {
    "nothing is asked for": (FORBIDDEN, everyone_with(attestation=Attestation(format="none", trusted=False))),
    "synced tokens are allowed": ({"backup_eligible": "allowed"}, everyone_with(backup_eligible=True)),
    "attestation is required, and there": (REQUIRED, everyone_with()),
    "the model is allowed": (REQUIRED | {"models_allowed": [KEYRING]}, everyone_with()),
    "both models are allowed": (
        REQUIRED | {"models_allowed": [KEYRING, CARD]},
        everyone_with(of_gus={"aaguid": CARD}),
    ),
    "another model is blocked": (FORBIDDEN | {"models_blocked": [CLONE]}, everyone_with()),
    "models are allowed and others blocked": (
        REQUIRED | {"models_allowed": [KEYRING], "models_blocked": [CLONE]},
        everyone_with(),
    ),
    "everyone has two tokens": (FORBIDDEN | {"tokens_each": 2}, everyone_with(each=2)),
}  # fmt: skip

NOT_ACCEPTED: dict[str, tuple[dict[str, Any], tuple[Person, ...], str, str]] = {
    "one can be synced": (
        FORBIDDEN,
        everyone_with(of_gus={"backup_eligible": True}),
        "token-not-accepted", "Gus: it can be synced",
    ),
    "one has proved nothing": (
        REQUIRED,
        everyone_with(of_gus={"attestation": Attestation(format="none", trusted=False)}),
        "token-not-accepted", "Gus: its make is not proved",
    ),
    "one says what nobody proved": (
        REQUIRED,
        everyone_with(of_gus={"attestation": Attestation(format="packed", trusted=False)}),
        "token-not-accepted", "Gus: its make is not proved",
    ),
    "one is of a blocked model": (
        FORBIDDEN | {"models_blocked": [CLONE]},
        everyone_with(of_gus={"aaguid": CLONE}),
        "token-not-accepted", "Gus: its model is blocked",
    ),
    "one is of a blocked model among many": (
        FORBIDDEN | {"models_blocked": [CARD, CLONE]},
        everyone_with(of_gus={"aaguid": CARD}),
        "token-not-accepted", "Gus: its model is blocked",
    ),
    "one is of no model that is allowed": (
        REQUIRED | {"models_allowed": [KEYRING]},
        everyone_with(of_gus={"aaguid": CARD}),
        "token-not-accepted", "Gus: its model is not one of those allowed",
    ),
    "one is allowed, and has proved nothing": (
        REQUIRED | {"models_allowed": [KEYRING]},
        everyone_with(of_gus={"attestation": Attestation(format="none", trusted=False)}),
        "token-not-accepted", "Gus: its make is not proved",
    ),
    "one says that it is of no model": (
        REQUIRED | {"models_allowed": [KEYRING]},
        everyone_with(of_gus={"aaguid": "0" * 32}),
        "token-not-accepted", "Gus: its model is not one of those allowed",
    ),
    "everyone has one of two tokens": (
        FORBIDDEN | {"tokens_each": 2}, everyone_with(), "too-few-tokens", "too few tokens",
    ),
    "one person has one of two tokens": (
        FORBIDDEN | {"tokens_each": 2}, lacking(1), "too-few-tokens", "Gus has too few tokens",
    ),
    "everyone has two of three tokens": (
        FORBIDDEN | {"tokens_each": 3}, everyone_with(each=2), "too-few-tokens", "3 are asked for",
    ),
}  # fmt: skip

NO_RULES: dict[str, dict[str, Any]] = {
    "attestation that is optional": {"attestation": "optional"},
    "no list of allowed models": {"attestation": "required", "models_allowed": []},
    "no list of blocked models": {"models_blocked": []},
    "allowed models out of order": {"attestation": "required", "models_allowed": [CARD, KEYRING]},
    "a blocked model twice": {"models_blocked": [CARD, CARD]},
    "blocked models out of order": {"models_blocked": [CLONE, CARD]},
    "a model that is none": {"models_blocked": ["22"]},
    "a model with hyphens": {"models_blocked": ["fa2b99dc-9e39-4257-8f92-4a30d23c4118"]},
    "a model in capitals": {"models_blocked": ["A" * 32]},
    "too many models": {"models_blocked": [f"{n:032x}" for n in range(257)]},
    "allowed models without attestation": {"models_allowed": [CARD]},
    "a model both allowed and blocked": {
        "attestation": "required",
        "models_allowed": [CARD, KEYRING][::-1],
        "models_blocked": [CARD],
    },
    "one token each, which goes without saying": {"tokens_each": 1},
    "more tokens each than there may be": {"tokens_each": 11},
    "tokens each that are true": {"tokens_each": True},
}  # fmt: skip


def as_rules(said: dict[str, Any]) -> TokenRules:
    return TokenRules(**{name: tuple(one) if isinstance(one, list) else one for name, one in said.items()})


def forged(**changes: Any) -> Charter:
    """The next version as somebody could write it who does not look: it may hold what it does not accept."""
    fields = {name: getattr(CURRENT, name) for name in Charter.model_fields}
    return Charter.model_construct(**(fields | {"version": 2, "previous": CURRENT.sha256} | changes))


def fully_signed(new: Charter) -> CharterLink:
    """The link to `new`, with the officers' approvals and the proof of every token that is in it."""
    return CHAIN.link_to(new, requester=HANA, approvers=(GUS, LEA), newcomers=but(), now=NOW)


@pytest.mark.parametrize(("rules", "people"), ACCEPTED.values(), ids=ACCEPTED.keys())
def test_a_charter_accepts_its_tokens_where(rules, people):
    charter = CURRENT.model_copy(update={"people": people, "token_rules": as_rules(rules)})
    assert Charter.from_bytes(charter.raw) == charter
    assert list(not_accepted(charter)) == []


@pytest.mark.parametrize(("rules", "people", "code", "says"), NOT_ACCEPTED.values(), ids=NOT_ACCEPTED.keys())
def test_a_charter_is_refused_where(rules, people, code, says):
    charter = forged(people=people, token_rules=as_rules(rules))
    with pytest.raises(Refused, match=says) as refused:
        Charter.from_bytes(charter.raw)
    assert refused.value.code == code


@pytest.mark.parametrize(("rules", "people", "code", "says"), NOT_ACCEPTED.values(), ids=NOT_ACCEPTED.keys())
def test_an_amendment_that_everyone_signed_is_refused_all_the_same_where(rules, people, code, says):
    before = CHAIN.current.sha256
    with pytest.raises(Refused, match=says) as refused:
        verify_amendment(CURRENT, fully_signed(forged(people=people, token_rules=as_rules(rules))))
    assert refused.value.code == code
    assert CHAIN.current.sha256 == before


def test_rules_that_are_tightened_over_a_token_that_somebody_holds_name_both():
    tightened = forged(token_rules=TokenRules(backup_eligible="forbidden", models_blocked=("0" * 32,)))
    with pytest.raises(Refused, match="the token Token hana of Hana: its model is blocked"):
        verify_amendment(CURRENT, fully_signed(tightened))


def test_every_token_that_is_not_accepted_is_found_not_only_the_first():
    found = list(
        not_accepted(forged(token_rules=TokenRules(backup_eligible="forbidden", models_blocked=("0" * 32,))))
    )
    assert {(one.person, one.token) for one in found} == {
        (person, token) for person in CURRENT.people for token in person.tokens
    }
    assert {one.why for one in found} == {Why.BLOCKED}


def test_who_has_too_few_tokens_is_named_and_none_of_the_tokens():
    charter = forged(people=lacking(1), token_rules=as_rules(FORBIDDEN | {"tokens_each": 2}))
    assert [(one.person.id, one.token, one.why) for one in not_accepted(charter)] == [(GUS.id, None, None)]


def test_what_is_worse_is_said_first():
    rules = as_rules(REQUIRED | {"models_allowed": [KEYRING], "models_blocked": [CLONE]})
    token = GUS.key.token(aaguid=CLONE, backup_eligible=True)
    assert why_not(rules, token) is Why.SYNCED
    assert why_not(rules, GUS.key.token(aaguid=CLONE)) is Why.NOT_PROVED
    assert why_not(rules, GUS.key.token(aaguid=CLONE, attestation=PROVED)) is Why.BLOCKED


@pytest.mark.parametrize("said", NO_RULES.values(), ids=NO_RULES.keys())
def test_these_are_no_token_rules(said):
    with pytest.raises(ValidationError):
        as_rules(FORBIDDEN | said)


def test_rules_that_say_no_more_have_the_bytes_that_they_always_had():
    assert (
        canonical.encode(CURRENT.model_dump(mode="json")["token_rules"]) == b'{"backup_eligible":"forbidden"}'
    )


@pytest.mark.parametrize("member", ["attestation", "models_allowed", "models_blocked", "tokens_each"])
def test_a_member_that_is_null_is_refused(member):
    plain = CURRENT.model_dump(mode="json")
    plain["token_rules"][member] = None
    with pytest.raises(Refused, match="not-canonical"):
        Charter.from_bytes(canonical.encode(plain))
