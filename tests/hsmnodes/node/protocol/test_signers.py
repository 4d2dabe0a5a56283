"""Whose token made an assertion: whoever holds it, in each charter by which it holds, whatever others say."""

import pytest

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import Desk
from hsmnodes.node.protocol.purposes import Purpose, challenge
from hsmnodes.node.protocol.signers import find_signers
from tests.cast.people import DINA, EMIL, GUS
from tests.hsmnodes.node.protocol.amending import alias
from tests.hsmnodes.node.protocol.making import GENERATE, make_charter, rule

RAW = b"what is signed"
CHALLENGE = challenge(Purpose.APPROVE, RAW)
HERE = make_charter((DINA, EMIL), rule(GENERATE, (2, "key-manager")))
AT_ANOTHER_DESK = make_charter(
    (DINA, EMIL), desk=Desk(origin="https://desk.meridian.example", rp_id="desk.meridian.example")
)
TO_ANOTHER = make_charter((alias(DINA, "Dana"), EMIL))
SIGNED = DINA.key.sign(Purpose.APPROVE, RAW)


@pytest.mark.parametrize(
    "charters", [(HERE, AT_ANOTHER_DESK), (AT_ANOTHER_DESK, HERE)], ids=["here first", "there first"]
)
def test_a_charter_of_another_desk_takes_nothing_from_this_one(charters):
    [signer], refusal = find_signers(charters, SIGNED, CHALLENGE)
    assert (signer.charter, signer.person, signer.token.credential_id, refusal) == (
        HERE,
        DINA.person(),
        DINA.key.credential_id,
        None,
    )


def test_it_says_how_often_the_token_was_used():
    [signer], _ = find_signers([HERE], SIGNED, CHALLENGE)
    used = canonical.b64u_decode(SIGNED.authenticator_data)[33:37]
    assert signer.counter == int.from_bytes(used)


def test_each_charter_says_who_holds_the_token():
    signers, _ = find_signers([HERE, TO_ANOTHER], SIGNED, CHALLENGE)
    assert [(one.charter, one.person.name) for one in signers] == [(HERE, "Dina"), (TO_ANOTHER, "Dana")]


def test_where_it_holds_nowhere_the_reason_is_told():
    forged = SIGNED.model_copy(update={"signature": EMIL.key.sign(Purpose.APPROVE, RAW).signature})
    strange = GUS.key.sign(Purpose.APPROVE, RAW)
    for assertion, charters, code in (
        (forged, [HERE], "bad-signature"),
        (forged, [HERE, TO_ANOTHER], "bad-signature"),
        (SIGNED, [AT_ANOTHER_DESK], "other-origin"),
        (strange, [HERE, TO_ANOTHER], "unknown-token"),
    ):
        signers, refusal = find_signers(charters, assertion, CHALLENGE)
        assert (signers, refusal.code, bool(refusal.message)) == ([], code, True)
