"""M of N, exhaustively up to seven of seven: no trick makes a quorum, and none keeps one from being found.

Each trick is played with every number of good approvals from none to all, before them and after them.
"""

from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import Approval, Assertion, Proposal, Rejection, RejectionStatement
from hsmnodes.node.protocol.documents.charter import ES256
from hsmnodes.node.protocol.purposes import Purpose
from tests.cast.people import GUS, HANA, IVO, Member, make_id
from tests.cast.signing import approve, cancel, changed, reject
from tests.cast.tokens import P256_ORDER, SoftwareToken
from tests.hsmnodes.node.protocol.making import AMEND, GENERATE, NOW, make_charter, rule
from tests.hsmnodes.node.protocol.scenes import Scene, approval, approval_by, scenes

Good = list[Approval]


def twin(good: Approval) -> Approval:
    """The same approval with the other signature that ECDSA gives away: (r, n - s)."""
    r, s = decode_dss_signature(canonical.b64u_decode(good.assertion.signature))
    return relabelled(good, signature=canonical.b64u(encode_dss_signature(r, P256_ORDER - s)))


def relabelled(good: Approval, **parts: str) -> Approval:
    return good.model_copy(update={"assertion": Assertion(**(good.assertion.model_dump() | parts))})


def under_every_other_credential(scene: Scene, good: Good) -> Good:
    names = [one.key.credential_id for one in scene.managers]
    return [
        relabelled(one, credential_id=name)
        for one in good
        for name in names
        if name != one.assertion.credential_id
    ]


def of_another_proposal(scene: Scene) -> Good:
    other = changed(scene.proposal, proposal=make_id("another proposal"))
    return [approve(other, one) for one in scene.managers]


NOTHING_GAINED: dict[str, Callable[[Scene, Good], Good]] = {
    "nothing": lambda scene, good: [],
    "every signature once more": lambda scene, good: good,
    "every signature ten times": lambda scene, good: good * 10,
    "another signature of the same token": lambda scene, good: [
        approve(scene.proposal, one) for one in scene.managers[: len(good)]
    ],
    "a second token of the same people": lambda scene, good: [
        approval_by(scene.proposal, one.second_key) for one in scene.managers[: len(good)]
    ],
    "the (r, n - s) twin of every signature": lambda scene, good: [
        twin(one)
        for one, by in zip(good, scene.managers, strict=False)
        if by.key.algorithm == ES256
    ],
    "every signature under every other credential": under_every_other_credential,
    "the requester's approval": lambda scene, good: [approve(scene.proposal, scene.requester)],
    "the requester's approval by a second token": lambda scene, good: [
        approval_by(scene.proposal, scene.requester.second_key)
    ],
    "the requester's request as an approval": lambda scene, good: [
        approval_by(scene.proposal, scene.requester.key, Purpose.PROPOSE)
    ],
    "people of the charter without the role": lambda scene, good: [approve(scene.proposal, HANA)],
    "people of another zone": lambda scene, good: [approve(scene.proposal, one) for one in (GUS, IVO)],
    "approvals of another proposal": lambda scene, good: of_another_proposal(scene),
    "approvals of another proposal, with the hash of this": lambda scene, good: [
        one.model_copy(update={"proposal": scene.proposal.sha256}) for one in of_another_proposal(scene)
    ],
    "approvals of this with the hash of another": lambda scene, good: [
        one.model_copy(update={"proposal": "0" * 64}) for one in all_of(scene)
    ],
    "signatures for every other purpose": lambda scene, good: [
        approval_by(scene.proposal, one.key, purpose)
        for one in scene.managers
        for purpose in (Purpose.PROPOSE, Purpose.REJECT, Purpose.FOUND)
    ],
    "touches without verification": lambda scene, good: [
        approval_by(scene.proposal, one.key, flags=0x01) for one in scene.managers
    ],
    "signatures from another page": lambda scene, good: [
        approval_by(scene.proposal, one.key, origin="http://localhost:9999") for one in scene.managers
    ],
    "keys of a stranger under everyone's credential": lambda scene, good: [
        relabelled(
            approval_by(scene.proposal, SoftwareToken("stranger")), credential_id=one.key.credential_id
        )
        for one in scene.managers
    ],
}  # fmt: skip


def all_of(scene: Scene) -> Good:
    return [approval(scene, number) for number in range(len(scene.managers))]


@pytest.mark.parametrize(
    "requester_is_one", [False, True], ids=["requested by another", "requested by one of N"]
)
@pytest.mark.parametrize("extra", NOTHING_GAINED.values(), ids=NOTHING_GAINED.keys())
def test_nothing_is_gained_and_nothing_lost_by(extra, requester_is_one):
    for scene in scenes(requester_is_one=requester_is_one):
        for count in range(len(scene.managers) + 1):
            good = all_of(scene)[:count]
            more = extra(scene, good)
            for approvals in ([*good, *more], [*more, *good]):
                verdict = scene.judge(approvals)
                assert verdict.authorised == (count >= scene.m), (scene.m, len(scene.managers), count)
                assert verdict.missing == max(0, scene.m - count)
                assert len({one.person.id for one in verdict.counted}) == min(scene.m, count)
                assert not any(one.person.id == scene.requester.id for one in verdict.counted)


def other_version(scene: Scene):
    return scene.charter.model_copy(update={"version": 2, "previous": scene.charter.sha256})


def with_rules(scene: Scene, *rules):
    """The scene under a charter with other rules, which the proposal names rightly."""
    charter = make_charter((), *rules, people=scene.charter.people)
    at = scene.proposal.authorities[0].model_copy(update={"hash": charter.sha256})
    proposal = changed(scene.proposal, authorities=(at,))
    return Scene(scene.m, scene.managers, scene.requester, charter, proposal)


def judged_under(scene: Scene, *rules):
    other = with_rules(scene, *rules)
    return other.judge([approve(other.proposal, one) for one in other.managers])


DENIED: dict[str, Callable] = {
    "rejected by someone eligible": lambda scene, good: scene.judge(
        good, rejections=(reject(scene.proposal, (*scene.managers, scene.requester)[0], at=NOW),)
    ),
    "rejected by the requester": lambda scene, good: scene.judge(
        good, rejections=(reject(scene.proposal, scene.requester, at=NOW),)
    ),
    "cancelled by someone eligible": lambda scene, good: scene.judge(
        good, cancellations=(cancel(scene.proposal, (*scene.managers, scene.requester)[-1], at=NOW),)
    ),
    "cancelled by the requester": lambda scene, good: scene.judge(
        good, cancellations=(cancel(scene.proposal, scene.requester, at=NOW),)
    ),
    "expired this second": lambda scene, good: scene.judge(good, now=scene.proposal.expires_at),
    "expired long ago": lambda scene, good: scene.judge(good, now=scene.proposal.expires_at + 10**6),
    "not valid yet": lambda scene, good: scene.judge(good, now=scene.proposal.not_before - 1),
    "under a charter that has expired": lambda scene, good: scene.judge(good, now=scene.charter.valid_until),
    "under the next version of the charter": lambda scene, good: scene.judge(
        good, charters=(other_version(scene),)
    ),
    "under the charter of another zone": lambda scene, good: scene.judge(
        good,
        charters=(
            scene.charter.model_copy(
                update={"authority": scene.charter.authority.model_copy(update={"id": make_id("other")})}
            ),
        ),
    ),
    "under a charter renamed": lambda scene, good: scene.judge(
        good,
        charters=(
            scene.charter.model_copy(
                update={"authority": scene.charter.authority.model_copy(update={"name": "Other"})}
            ),
        ),
    ),
    "under no charter": lambda scene, good: scene.judge(good, charters=()),
    "under the charter twice": lambda scene, good: scene.judge(good, charters=(scene.charter, scene.charter)),
    "without a rule": lambda scene, good: judged_under(scene),
    "with a rule for another operation": lambda scene, good: judged_under(
        scene, rule(AMEND, (1, "key-manager"))
    ),
    "with an empty rule": lambda scene, good: judged_under(scene, rule(GENERATE)),
    "with a rule below the floor": lambda scene, good: scene.judge(good, floor=scene.m + 1),
    "requested by a signature for another purpose": lambda scene, good: scene.judge(
        good, request=scene.requester.key.sign(Purpose.APPROVE, scene.proposal.raw)
    ),
    "requested by someone else": lambda scene, good: scene.judge(
        good, request=(GUS if scene.requester is HANA else HANA).key.sign(Purpose.PROPOSE, scene.proposal.raw)
    ),
    "requested by a stranger": lambda scene, good: scene.judge(
        good, request=IVO.key.sign(Purpose.PROPOSE, scene.proposal.raw)
    ),
}


@pytest.mark.parametrize(
    "requester_is_one", [False, True], ids=["requested by another", "requested by one of N"]
)
@pytest.mark.parametrize("judge", DENIED.values(), ids=DENIED.keys())
def test_even_everyone_s_approval_does_not_authorise_what_is(judge, requester_is_one):
    for scene in scenes(requester_is_one=requester_is_one):
        assert not judge(scene, all_of(scene)).authorised, (scene.m, len(scene.managers))


def reject_elsewhere(proposal: Proposal, by: Member) -> Rejection:
    good = RejectionStatement.from_bytes(canonical.b64u_decode(reject(proposal, by, at=NOW).statement))
    other = good.model_copy(update={"deployment": make_id("elsewhere")})
    return Rejection(statement=canonical.b64u(other.raw), assertion=by.key.sign(Purpose.REJECT, other.raw))


INEFFECTIVE: dict[str, Callable[[Scene], dict]] = {
    "a rejection by someone without a say": lambda scene: {
        "rejections": (reject(scene.proposal, GUS, at=NOW),)
    },
    "a rejection of another proposal": lambda scene: {
        "rejections": (reject(changed(scene.proposal, proposal=make_id("x")), scene.managers[0], at=NOW),)
    },
    "a rejection of other bytes under the same id": lambda scene: {
        "rejections": (reject(changed(scene.proposal, reason="Other"), scene.managers[0], at=NOW),)
    },
    "a rejection in another deployment": lambda scene: {
        "rejections": (reject_elsewhere(scene.proposal, scene.managers[0]),)
    },
    "a rejection signed as a cancellation": lambda scene: {
        "rejections": (
            reject(scene.proposal, scene.managers[0], at=NOW).model_copy(
                update={"assertion": cancel(scene.proposal, scene.managers[0], at=NOW).assertion}
            ),
        )
    },
    "a rejection in someone else's name": lambda scene: {
        "rejections": (
            reject(scene.proposal, scene.managers[0], at=NOW).model_copy(
                update={"assertion": reject(scene.proposal, scene.managers[-1], at=NOW + 1).assertion}
            ),
        )
    },
    "a rejection that is no document": lambda scene: {
        "rejections": (reject(scene.proposal, GUS, at=NOW).model_copy(update={"statement": "e30"}),)
    },
    "a cancellation by a stranger": lambda scene: {"cancellations": (cancel(scene.proposal, IVO, at=NOW),)},
    "the last second": lambda scene: {"now": scene.proposal.expires_at - 1},
    "the first second": lambda scene: {"now": scene.proposal.not_before},
}


@pytest.mark.parametrize("change", INEFFECTIVE.values(), ids=INEFFECTIVE.keys())
def test_a_quorum_is_not_missed_because_of(change):
    for scene in scenes():
        assert scene.judge(all_of(scene)[: scene.m], **change(scene)).authorised
        assert not scene.judge(all_of(scene)[: scene.m - 1], **change(scene)).authorised


def test_a_charter_made_over_with_the_same_rule_decides_alike():
    for scene in scenes():
        assert judged_under(scene, rule(GENERATE, (scene.m, "key-manager"))).authorised
