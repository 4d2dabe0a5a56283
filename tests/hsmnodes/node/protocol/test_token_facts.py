"""What a charter says of a token is nobody's to change but its holder's, and no recovery's at all."""

import pytest

from hsmnodes.node.protocol.charters import new_tokens, verify_amendment
from hsmnodes.node.protocol.documents import Charter, CharterLink, TokenRules
from hsmnodes.node.protocol.documents.charter import Attestation
from hsmnodes.node.protocol.errors import Refused
from hsmnodes.node.protocol.purposes import Purpose
from hsmnodes.node.protocol.recovery import beyond
from tests.cast.charters import Chain
from tests.cast.deployment import Deployment
from tests.cast.people import CUSTODIANS, DINA, EMIL, FAY, GUS
from tests.cast.tokens import USER_PRESENT, USER_VERIFIED
from tests.hsmnodes.node.protocol import recovering
from tests.hsmnodes.node.protocol.amending import MIA, NORA, PEOPLE, alias, amend_rule, in_order, link
from tests.hsmnodes.node.protocol.making import NOW, make_charter

BACKUP_ELIGIBLE = 0x08
SYNCED = TokenRules(backup_eligible="allowed")
CHAIN = Chain.founded(make_charter(PEOPLE, *amend_rule(2), token_rules=SYNCED), PEOPLE)
RECOVERABLE = recovering.meridian(token_rules=SYNCED)

TOLD_OTHERWISE = {
    "its make is proved": {"attestation": Attestation(format="none", trusted=True)},
    "its make is told in another format": {"attestation": Attestation(format="packed", trusted=False)},
    "it is of another model": {"aaguid": "ab" * 16},
    "it can be synced": {"backup_eligible": True},
    "it has another label": {"label": "YubiKey 5 FIPS"},
}
every_fact = pytest.mark.parametrize("facts", TOLD_OTHERWISE.values(), ids=TOLD_OTHERWISE.keys())


def telling(charter: Charter, person: str, **facts: object) -> tuple:
    """The people of a charter, the first token of one of them described otherwise."""
    return in_order(
        one.model_copy(update={"tokens": (one.tokens[0].model_copy(update=facts), *one.tokens[1:])})
        if one.id == person
        else one
        for one in charter.people
    )


def told(facts: dict, *, proved: bool) -> tuple[Chain, CharterLink]:
    """An amendment by which Mia's token is described otherwise, with her signature or without it."""
    new = CHAIN.next_version(people=telling(CHAIN.current, MIA.id, **facts))
    made = link(new, chain=CHAIN)
    if not proved:
        return CHAIN, made
    flags = USER_PRESENT | USER_VERIFIED | (BACKUP_ELIGIBLE if facts.get("backup_eligible") else 0)
    proof = MIA.key.sign(Purpose.FOUND, new.raw, flags=flags)
    return CHAIN, made.model_copy(update={"possession": (proof,)})


def recovered(facts: dict) -> tuple[Chain, CharterLink]:
    """A recovery in which Gus, who stays, has his token described otherwise, with his signature."""
    new = recovering.in_place_of_lea_and_mia(RECOVERABLE)
    new = RECOVERABLE.next_version(people=telling(new, GUS.id, **facts))
    return RECOVERABLE, recovering.recover(new, chain=RECOVERABLE, newcomers=(NORA, GUS))


@every_fact
def test_an_amendment_cannot_say_of_a_token_without_its_holder_that(facts):
    chain, made = told(facts, proved=False)
    with pytest.raises(Refused) as refused:
        verify_amendment(chain.current, made)
    assert refused.value.code == "not-proved"


@every_fact
def test_its_holder_signs_that(facts):
    chain, made = told(facts, proved=True)
    assert verify_amendment(chain.current, made).version == 2


@every_fact
def test_a_recovery_cannot_say_of_a_token_that_stays_even_with_its_holder_that(facts):
    chain, made = recovered(facts)
    with pytest.raises(Refused) as refused:
        verify_amendment(chain.current, made)
    assert refused.value.code == "changes-more"
    assert "token" in refused.value.message


def test_a_recovery_cannot_give_a_token_that_stays_another_key_or_another_credential():
    for change in (
        {"public_key": GUS.second_key.public_key},
        {"credential_id": GUS.second_key.credential_id},
    ):
        new = RECOVERABLE.next_version(people=telling(RECOVERABLE.current, GUS.id, **change))
        assert beyond(RECOVERABLE.current, new).code == "changes-more"


def test_a_recovery_leaves_tokens_that_stay_as_they_are_and_may_bring_share_keys():
    assert beyond(RECOVERABLE.current, recovering.in_place_of_lea_and_mia(RECOVERABLE)) is None
    bare, keyed = (
        Deployment(now=NOW).zone(members=members).current for members in ((DINA, EMIL, FAY), CUSTODIANS)
    )
    assert bare.people != keyed.people
    assert beyond(bare, keyed.model_copy(update={"rules": bare.rules})) is None
    assert new_tokens(bare, keyed) == []


def test_a_token_of_somebody_else_is_new_however_alike():
    renamed = alias(MIA, "Nora")
    people = in_order([renamed.person(), *(one for one in CHAIN.current.people if one.id != MIA.id)])
    [(person, token)] = new_tokens(CHAIN.current, CHAIN.next_version(people=people))
    assert (person.id, token.credential_id) == (renamed.id, MIA.key.credential_id)
