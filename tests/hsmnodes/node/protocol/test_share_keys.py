"""Share keys in charters: admitted only as their own token certified them, for their own person."""

import pytest

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.charters import verify_amendment, verify_founding
from hsmnodes.node.protocol.documents import Charter, ShareKey, ShareKeyStatement
from hsmnodes.node.protocol.errors import Refused
from hsmnodes.node.protocol.purposes import Purpose
from tests.cast.charters import DEPLOYMENT
from tests.cast.deployment import Deployment
from tests.cast.people import CUSTODIANS, DINA, EMIL, FAY, make_id


@pytest.fixture
def zone():
    return Deployment().zone(members=CUSTODIANS)


@pytest.fixture
def bare():
    """The same zone before anybody has a share key."""
    return Deployment().zone()


def with_share_key(charter: Charter, share_key, *, of=DINA):
    """The people of a charter, one of whose tokens gets this share key."""
    return tuple(
        person.model_copy(
            update={"tokens": tuple(one.model_copy(update={"share_key": share_key}) for one in person.tokens)}
        )
        if person.id == of.id
        else person
        for person in charter.people
    )


def admit(chain, share_key, *, of=DINA) -> Charter:
    people = with_share_key(chain.current, share_key, of=of)
    now = chain.current.valid_from + 3600
    link = chain.link_to(chain.next_version(people=people), requester=DINA, approvers=(EMIL, FAY), now=now)
    return verify_amendment(chain.current, link)


def test_a_zone_is_founded_with_share_keys(zone):
    charter = verify_founding(zone.links[0], deployment=DEPLOYMENT, demo=True)
    assert all(token.share_key is not None for person in charter.people for token in person.tokens)
    assert Charter.from_bytes(charter.raw) == charter


def test_an_amendment_admits_a_share_key_and_changes_nothing_else(bare):
    share_key = DINA.key.share_key(DINA)
    charter = admit(bare, share_key)
    assert charter.by_credential[DINA.key.credential_id][1].share_key == share_key
    assert b"share_key" not in bare.current.raw


REFUSED = {
    "another person's": lambda: EMIL.key.share_key(EMIL),
    "certified in the name of another person": lambda: DINA.key.share_key(EMIL),
    "of another deployment": lambda: DINA.key.share_key(DINA, deployment=make_id("other")),
    "of production, in a demo": lambda: DINA.key.share_key(DINA, demo=False),
    "of another token": lambda: DINA.key.share_key(DINA, credential_id=EMIL.key.credential_id),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_charter_cannot_say_that_a_share_key_is_anybody_else_s(bare, case):
    with pytest.raises(ValueError, match="share key"):
        bare.next_version(people=with_share_key(bare.current, REFUSED[case]()))


def forged(**changes) -> ShareKey:
    return DINA.key.share_key(DINA).model_copy(update=changes)


NOT_CERTIFIED = {
    "by no signature": lambda: forged(assertion=EMIL.key.share_key(EMIL).assertion),
    "for another purpose": lambda: forged(
        assertion=DINA.key.sign(Purpose.ENROL, DINA.key.share_key(DINA).stated.raw)
    ),
    "over another statement": lambda: forged(assertion=DINA.key.share_key(DINA, at=1).assertion),
    "by another token of the same person": lambda: forged(
        assertion=DINA.second_key.sign(Purpose.SHARE_KEY, DINA.key.share_key(DINA).stated.raw)
    ),
    "over another key": lambda: forged(
        statement=canonical.b64u(
            DINA.key.share_key(DINA, public_key=EMIL.key.share_key(EMIL).stated.public_key).stated.raw
        )
    ),
}


@pytest.mark.parametrize("case", NOT_CERTIFIED)
def test_a_share_key_must_be_certified_by_its_own_token(bare, case):
    with pytest.raises(Refused, match=r"bad-signature|other-challenge|other-credential"):
        admit(bare, NOT_CERTIFIED[case]())


@pytest.mark.parametrize("kept", ["file", "sheet"])
def test_a_charter_says_how_a_share_key_is_kept_and_the_token_has_signed_that(bare, kept):
    share_key = DINA.key.share_key(DINA, kept=kept)
    charter = admit(bare, share_key)
    assert charter.by_credential[DINA.key.credential_id][1].share_key.stated.kept == kept
    other = canonical.b64u(DINA.key.share_key(DINA).stated.raw)
    with pytest.raises(Refused, match="other-challenge"):
        admit(bare, share_key.model_copy(update={"statement": other}))


def test_a_share_key_that_its_token_keeps_is_stated_as_before_there_were_other_ways():
    stated = DINA.key.share_key(DINA).stated
    assert b"kept" not in stated.raw
    explicit = canonical.encode(canonical.decode(stated.raw) | {"kept": "token"})
    with pytest.raises(Refused, match="not-canonical"):
        ShareKeyStatement.from_bytes(explicit)
    with pytest.raises(Refused, match="bad-field"):
        ShareKeyStatement.from_bytes(canonical.encode(canonical.decode(stated.raw) | {"kept": "memory"}))


def test_two_tokens_cannot_have_one_share_key(bare):
    charter = admit(bare, DINA.key.share_key(DINA))
    same = EMIL.key.share_key(EMIL, public_key=DINA.key.share_key(DINA).stated.public_key)
    with pytest.raises(ValueError, match="stands twice"):
        charter.model_copy(update={"people": with_share_key(charter, same, of=EMIL)})


NOT_KEYS = {
    "zero": bytes(32),
    "of small order": b"\x01" + bytes(31),
    "too short": bytes(31),
    "too long": bytes(33),
    "with the bit that is ignored": b"\x09" + bytes(30) + b"\x80",
    "not reduced": b"\xff" * 31 + b"\x7f",
}


@pytest.mark.parametrize("key", NOT_KEYS.values(), ids=NOT_KEYS)
def test_a_key_with_which_nothing_can_be_agreed_is_no_share_key(key):
    with pytest.raises(ValueError, match="validation error"):
        DINA.key.share_key(DINA, public_key=canonical.b64u(key))
