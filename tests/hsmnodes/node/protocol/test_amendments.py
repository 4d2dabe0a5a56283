"""Amending a charter: what must not become the next version does not, and the version in force stays."""

from collections.abc import Callable

import pytest

from hsmnodes.node.protocol.canonical import b64u_decode
from hsmnodes.node.protocol.charters import amendment_verdicts, is_fork, verify_amendment, verify_chain
from hsmnodes.node.protocol.documents import CharterLink, Desk, Role, Warrant
from hsmnodes.node.protocol.errors import Refused
from hsmnodes.node.protocol.purposes import Purpose
from hsmnodes.node.protocol.quorum import Signatures
from tests.cast.charters import DEPLOYMENT, Chain
from tests.cast.people import ADA, DINA, EMIL, FAY, GUS, HANA, LEA, LUMEN, make_id
from tests.cast.signing import cancel, reject
from tests.hsmnodes.node.protocol.amending import (
    CHAIN,
    CURRENT,
    MIA,
    NORA,
    PEOPLE,
    alias,
    amend_rule,
    but,
    chain_with,
    in_order,
    link,
    possessed,
    proposal_of,
    with_people,
)
from tests.hsmnodes.node.protocol.making import GENERATE, NOW, make_charter, rule

NEXT = CHAIN.next_version(valid_until=CURRENT.valid_until - 1)


def other_parameters(**changes):
    return {"parameters": proposal_of(link(NEXT)).parameters | changes}


def with_gus_under_another_name():
    """Gus, who requests, is replaced by himself under a new id, and three must sign."""
    gustav = alias(GUS, "Gustav")
    new = with_people(*but(GUS), gustav, rules=amend_rule(3))
    return link(new, requester=GUS, approvers=[LEA, MIA, GUS], newcomers=[gustav])


def without_mia():
    return with_people(*but(MIA))


def at_another_desk():
    return CHAIN.next_version(
        desk=Desk(origin="https://desk.meridian.example", rp_id="desk.meridian.example")
    )


def with_gus_under_another_name_and_another_token():
    """As before, but Gus requests with a token that the next version does not know."""
    people = in_order([GUS.person(tokens=(GUS.key, GUS.second_key)), *(one.person() for one in but(GUS))])
    everyone = [*PEOPLE, alias(GUS, "Gus", GUS.second_key)]
    chain = Chain.founded(make_charter((), *amend_rule(2), people=people), everyone)
    gustav = alias(GUS, "Gustav")
    staying = in_order(one.person() for one in (*but(GUS), gustav))
    new = chain.next_version(people=staying, rules=amend_rule(3))
    by_second = alias(GUS, "Gus", GUS.second_key)
    return chain, link(new, chain=chain, requester=by_second, approvers=[LEA, MIA, GUS], newcomers=[gustav])


def under_rules(*rules):
    """An amendment of a charter that began with these rules."""
    chain = chain_with(rules=rules)
    return chain, link(chain.next_version(valid_until=chain.current.valid_until - 1), chain=chain)


SAME = {"proposal": make_id("always the same")}
THREE = chain_with(3)
STEADY = link(NEXT, **SAME)
NORA_JOINS = with_people(*PEOPLE, NORA)
TOKEN_CHANGES_HANDS = with_people(*but(MIA), alias(MIA, "Nora"))
TWO_TOKENS = CHAIN.next_version(
    people=in_order([GUS.person(tokens=(GUS.key, GUS.second_key)), *(one.person() for one in but(GUS))])
)
THREE_MUST_SIGN = CHAIN.next_version(rules=amend_rule(3))

REFUSED: dict[str, tuple[Callable[[], CharterLink], str]] = {
    "one of two has approved": (lambda: link(NEXT, approvers=[GUS]), "not-authorised-old"),
    "nobody has approved": (lambda: link(NEXT, approvers=[]), "not-authorised-old"),
    "one has approved twice": (lambda: link(NEXT, approvers=[GUS, GUS]), "not-authorised-old"),
    "people without a say have approved": (
        lambda: link(NEXT, approvers=[DINA, EMIL, FAY]),
        "not-authorised-old",
    ),
    "the requester is one of the two": (
        lambda: link(NEXT, requester=GUS, approvers=[GUS, LEA]),
        "not-authorised-old",
    ),
    "a stranger requests": (lambda: link(NEXT, requester=ADA), "not-authorised-old"),
    "the new rule of three has two": (lambda: link(THREE_MUST_SIGN), "not-authorised-new"),
    "the old rule of three has two": (
        lambda: (THREE, link(THREE.next_version(rules=amend_rule(2)), chain=THREE)),
        "not-authorised-old",
    ),
    "a newcomer approves her own coming": (
        lambda: link(NORA_JOINS, approvers=[GUS, NORA], newcomers=[NORA]),
        "not-authorised-old",
    ),
    "who leaves approves in place of who stays": (
        lambda: link(without_mia(), approvers=[GUS, MIA]),
        "not-authorised-new",
    ),
    "who loses the role approves in place of who keeps it": (
        lambda: link(with_people(*but(MIA), MIA.with_roles(Role.AUDITOR)), approvers=[GUS, MIA]),
        "not-authorised-new",
    ),
    "the requester signs under a new id with the old key": (
        with_gus_under_another_name,
        "not-authorised-new",
    ),
    "the requester does so, having requested with a token that goes": (
        with_gus_under_another_name_and_another_token,
        "not-authorised-new",
    ),
    "a new desk, approved at the old one alone": (lambda: link(at_another_desk()), "not-authorised-new"),
    "a new person has not proved her token": (lambda: link(NORA_JOINS), "not-proved"),
    "another has signed for the new person": (
        lambda: link(NORA_JOINS).model_copy(update=possessed(NORA_JOINS, GUS)),
        "not-proved",
    ),
    "the new person has signed another charter": (
        lambda: link(NORA_JOINS).model_copy(update=possessed(NEXT, NORA)),
        "other-challenge",
    ),
    "the new person has signed for another purpose": (
        lambda: link(NORA_JOINS).model_copy(update=possessed(NORA_JOINS, NORA, purpose=Purpose.APPROVE)),
        "other-challenge",
    ),
    "a second token is not proved": (lambda: link(TWO_TOKENS), "not-proved"),
    "a token changes hands unproved": (
        lambda: link(TOKEN_CHANGES_HANDS),
        "not-proved",
    ),
    "a version is skipped": (
        lambda: link(CHAIN.next_version(version=3, previous=NEXT.sha256)),
        "does-not-follow",
    ),
    "a version is skipped, with the right predecessor": (
        lambda: link(CHAIN.next_version(version=3)),
        "does-not-follow",
    ),
    "the version does not rise": (
        lambda: link(CHAIN.next_version(version=1, previous=None)),
        "does-not-follow",
    ),
    "the predecessor is another": (
        lambda: link(CHAIN.next_version(previous=NEXT.sha256)),
        "does-not-follow",
    ),
    "the authority has another id": (
        lambda: link(CHAIN.next_version(authority=CURRENT.authority.model_copy(update={"id": make_id("x")}))),
        "other-authority",
    ),
    "the authority has another name": (
        lambda: link(CHAIN.next_version(authority=CURRENT.authority.model_copy(update={"name": "Bank"}))),
        "other-authority",
    ),
    "the deployment is another": (
        lambda: link(CHAIN.next_version(deployment=make_id("x"))),
        "other-authority",
    ),
    "it would be valid from earlier": (
        lambda: link(CHAIN.next_version(valid_from=CURRENT.valid_from - 1)),
        "goes-back",
    ),
    "too few would be left to amend": (lambda: link(with_people(*but(MIA, LEA))), "not-authorised-new"),
    "too few would be left to generate keys": (lambda: link(with_people(*but(DINA, EMIL))), "unsatisfiable"),
    "there is no warrant": (lambda: link(NEXT).model_copy(update={"warrant": None}), "no-warrant"),
    "the warrant is for another charter": (
        lambda: link(NEXT, **other_parameters(charter=THREE_MUST_SIGN.sha256)),
        "not-authorised-old",
    ),
    "the warrant is for another version": (
        lambda: link(NEXT, **other_parameters(version=3)),
        "not-authorised-old",
    ),
    "the warrant says more than is asked": (
        lambda: link(NEXT, **other_parameters(also="this")),
        "not-authorised-old",
    ),
    "the warrant is for another authority": (
        lambda: link(NEXT, **other_parameters(authority={"kind": "customer", "id": LUMEN.id, "name": "x"})),
        "not-authorised-old",
    ),
    "the warrant is of another operation": (lambda: link(NEXT, operation=GENERATE), "not-authorised-old"),
    "the warrant names no predecessor": (lambda: link(NEXT, previous=None), "not-authorised-old"),
    "the warrant names nodes": (
        lambda: link(NEXT, nodes=({"id": make_id("n"), "name": "n", "identity": "0" * 64},)),
        "not-authorised-old",
    ),
    "the warrant names the charter at another version": (
        lambda: link(
            NEXT, authorities=(proposal_of(link(NEXT)).authorities[0].model_copy(update={"version": 2}),)
        ),
        "not-authorised-old",
    ),
    "the warrant is of another deployment": (
        lambda: link(NEXT, deployment=make_id("x")),
        "not-authorised-old",
    ),
    "the warrant is not of the demo": (lambda: link(NEXT, demo=False), "not-authorised-old"),
    "an officer has rejected it": (
        lambda: link(NEXT, signed={"rejections": (reject(proposal_of(STEADY), MIA, at=NOW),)}, **SAME),
        "not-authorised-old",
    ),
    "its requester has cancelled it": (
        lambda: link(NEXT, signed={"cancellations": (cancel(proposal_of(STEADY), HANA, at=NOW),)}, **SAME),
        "not-authorised-old",
    ),
    "the charter has no rule for it": (
        lambda: under_rules(rule(GENERATE, (2, "key-manager"))),
        "not-authorised-old",
    ),
    "the charter's rule for it is empty": (
        lambda: under_rules(rule("charter.amend/v1")),
        "not-authorised-old",
    ),
    "the charter's rule for it is below the floor": (
        lambda: under_rules(rule("charter.amend/v1", (1, "security-officer"))),
        "not-authorised-old",
    ),
    "the next charter's rule for it is empty": (
        lambda: link(CHAIN.next_version(rules=(rule("charter.amend/v1"),))),
        "not-authorised-new",
    ),
    "the next charter's rule for it is below the floor": (
        lambda: link(CHAIN.next_version(rules=amend_rule(1))),
        "not-authorised-new",
    ),
}


@pytest.mark.parametrize(("make", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_an_amendment_is_refused_and_changes_nothing_when(make, code):
    made = make()
    chain, made = made if isinstance(made, tuple) else (CHAIN, made)
    before = chain.current.raw
    with pytest.raises(Refused) as refusal:
        verify_amendment(chain.current, made)
    assert (refusal.value.code, bool(refusal.value.message)) == (code, True)
    with pytest.raises(Refused):
        walk(chain, made)
    assert walk(chain)[-1].raw == chain.current.raw == before
    assert not is_fork(chain.current, made, link(NEXT))


SAID = {
    "the warrant is of another operation": "not-this-amendment",
    "the warrant names nodes": "not-this-amendment",
    "the warrant names the charter at another version": "not-this-amendment",
    "the warrant is of another deployment": "other-deployment",
    "the warrant is not of the demo": "other-deployment",
    "the warrant is for another charter": "other-amendment",
    "the warrant is for another version": "other-amendment",
    "the warrant names no predecessor": "other-amendment",
}


@pytest.mark.parametrize(("how", "code"), SAID.items(), ids=SAID)
def test_the_count_itself_says_what_is_wrong_with_an_amendment(how, code):
    made = REFUSED[how][0]()
    warrant = Warrant.from_bytes(b64u_decode(made.warrant))
    old, _ = amendment_verdicts(CURRENT, NEXT, proposal_of(made), Signatures.of(warrant))
    assert code in [one.code for one in old.problems]


def test_a_suspended_token_counts_under_the_new_version_as_little_as_under_the_old():
    """Two were enough before, and both can sign; the third whom the new rule asks for has lost her token."""
    made = link(THREE_MUST_SIGN, approvers=[GUS, LEA, MIA])
    assert verify_amendment(CURRENT, made) == THREE_MUST_SIGN
    with pytest.raises(Refused, match="not-authorised-new"):
        verify_amendment(CURRENT, made, suspended={MIA.key.credential_id})


def walk(chain, *more):
    return verify_chain(
        [*chain.links, *more], anchor=chain.anchor, deployment=DEPLOYMENT, demo=chain.current.demo
    )
