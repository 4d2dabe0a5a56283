"""Founding a charter: everyone in it signs it with every token, or it is not founded."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from hsmnodes.node.protocol.canonical import b64u
from hsmnodes.node.protocol.charters import verify_founding
from hsmnodes.node.protocol.documents import CharterLink
from hsmnodes.node.protocol.errors import Refused
from hsmnodes.node.protocol.purposes import Purpose
from tests.cast.charters import DEPLOYMENT, found
from tests.cast.people import GUS, LEA, make_id
from tests.hsmnodes.node.protocol.amending import (
    CHAIN,
    CURRENT,
    PEOPLE,
    amend_rule,
    but,
    in_order,
    link,
    possessed,
)
from tests.hsmnodes.node.protocol.making import AMEND, NOW, make_charter, rule

GOOD = CHAIN.links[0]
TWO = amend_rule(2)


def without(member) -> CharterLink:
    return possessed_by(*(one for one in PEOPLE if one is not member))


def possessed_by(*members, **changes) -> CharterLink:
    return GOOD.model_copy(update=possessed(CURRENT, *members, **changes))


def founding(*members, rules=TWO, **changes) -> CharterLink:
    charter = make_charter(members or PEOPLE, *rules, **changes)
    return found(charter, members or PEOPLE)


def with_a_second_token_unproved() -> CharterLink:
    people = in_order([GUS.person(tokens=(GUS.key, GUS.second_key)), *(one.person() for one in but(GUS))])
    return found(make_charter((), *amend_rule(2), people=people), PEOPLE)


NOT_FOUNDED: dict[str, tuple[Callable[[], CharterLink], str]] = {
    **{f"{one.name} has not signed": (lambda one=one: without(one), "not-proved") for one in PEOPLE},
    "nobody has signed": (possessed_by, "not-proved"),
    "a second token has not signed": (with_a_second_token_unproved, "not-proved"),
    "one has signed with another's token under his own credential": (
        lambda: GOOD.model_copy(
            update={
                "possession": (
                    *without(GUS).possession,
                    LEA.key.sign(Purpose.FOUND, CURRENT.raw).model_copy(
                        update={"credential_id": GUS.key.credential_id}
                    ),
                )
            }
        ),
        "bad-signature",
    ),
    "it was signed for another purpose": (
        lambda: possessed_by(*PEOPLE, purpose=Purpose.APPROVE),
        "other-challenge",
    ),
    "another charter was signed": (
        lambda: founding(valid_until=NOW + 1).model_copy(update={"possession": GOOD.possession}),
        "other-challenge",
    ),
    "it is a later version": (
        lambda: link(CHAIN.next_version()).model_copy(update={"warrant": None}),
        "not-founding",
    ),
    "it comes with a warrant": (
        lambda: GOOD.model_copy(update={"warrant": link(CHAIN.next_version()).warrant}),
        "not-founding",
    ),
    "it is of another deployment": (lambda: founding(deployment=make_id("x")), "other-deployment"),
    "it is not of the demo": (
        lambda: founding(*(replace(one, simulated=False) for one in PEOPLE), demo=False),
        "other-deployment",
    ),
    "a rule asks for more people than there are": (lambda: founding(rules=amend_rule(4)), "unsatisfiable"),
    "two clauses ask for the same few people": (
        lambda: founding(rules=[rule(AMEND, (2, "security-officer"), (2, "security-officer"))]),
        "unsatisfiable",
    ),
    "it is no charter": (lambda: GOOD.model_copy(update={"charter": b64u(GOOD.raw)}), "missing-field"),
}


@pytest.mark.parametrize(("make", "code"), NOT_FOUNDED.values(), ids=NOT_FOUNDED.keys())
def test_a_charter_is_not_founded_when(make, code):
    with pytest.raises(Refused) as refusal:
        verify_founding(make(), deployment=DEPLOYMENT, demo=True)
    assert (refusal.value.code, bool(refusal.value.message)) == (code, True)


def test_a_charter_is_founded_by_every_token_of_everyone():
    assert verify_founding(GOOD, deployment=DEPLOYMENT, demo=True) == CURRENT
