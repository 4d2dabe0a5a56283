"""M of N people who may approve one proposal, for every M and N up to seven."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from hsmnodes.node.protocol.documents import Approval, Charter, Proposal, Role
from hsmnodes.node.protocol.documents.charter import EDDSA, ES256
from hsmnodes.node.protocol.purposes import Purpose
from hsmnodes.node.protocol.quorum import Consent, Signatures, Verdict, evaluate
from tests.cast.people import HANA, MERIDIAN, Member
from tests.cast.signing import approve
from tests.cast.tokens import SoftwareToken
from tests.hsmnodes.node.protocol.making import GENERATE, NOW, make_charter, make_proposal, rule

LARGEST = 7
SIZES = [(m, n) for n in range(1, LARGEST + 1) for m in range(1, n + 1)]
MANAGERS = tuple(
    Member(f"Manager {number}", MERIDIAN, (Role.KEY_MANAGER,), algorithm=ES256 if number % 3 else EDDSA)
    for number in range(1, LARGEST + 1)
)


@dataclass(frozen=True, eq=False)
class Scene:
    """A proposal that `m` of `managers` must approve; with a requester among them, he is left out of them."""

    m: int
    managers: tuple[Member, ...]
    requester: Member
    charter: Charter
    proposal: Proposal

    def judge(
        self,
        approvals: Sequence[Approval],
        *,
        charters: Sequence[Charter] | None = None,
        now: int = NOW,
        floor: int = 1,
        suspended: Collection[str] = (),
        contributors: Collection[str] = (),
        **signatures: Any,
    ) -> Verdict:
        """The verdict on these approvals, with a good request unless another is given."""
        request = self.requester.key.sign(Purpose.PROPOSE, self.proposal.raw)
        fields = {"request": request, "approvals": tuple(approvals)} | signatures
        return evaluate(
            (self.charter,) if charters is None else charters,
            self.proposal,
            Signatures(**fields),
            consent=Consent((self.charter.authority.kind,), floor),
            now=now,
            suspended=suspended,
            contributors=contributors,
        )


@cache
def make_scene(m: int, n: int, *, requester_is_one: bool = False, apart: bool | None = None) -> Scene:
    """M of N key managers, who hold two tokens each; the requester is one of them or the auditor.

    With `apart`, the rule has those who give a share not count.
    """
    holders = (*MANAGERS[:n], HANA)
    people = tuple(
        sorted((one.person(tokens=(one.key, one.second_key)) for one in holders), key=lambda one: one.id)
    )
    asked = rule(GENERATE, (m, "key-manager"), custodians_apart=apart)
    charter = make_charter(holders, asked, people=people)
    requester = MANAGERS[n - 1] if requester_is_one else HANA
    proposal = make_proposal(charter, requester=requester)
    managers = MANAGERS[: n - 1] if requester_is_one else MANAGERS[:n]
    return Scene(m, managers, requester, charter, proposal)


def scenes(*, requester_is_one: bool = False) -> Iterator[Scene]:
    """The scene of every size."""
    for m, n in SIZES:
        yield make_scene(m, n, requester_is_one=requester_is_one)


@cache
def approval(scene: Scene, number: int) -> Approval:
    """The approval of the manager of this number, signed once."""
    return approve(scene.proposal, scene.managers[number])


def approval_by(
    proposal: Proposal, token: SoftwareToken, purpose: Purpose = Purpose.APPROVE, **lies: Any
) -> Approval:
    """An approval by any token, with lies about flags or client data, or signed for another purpose."""
    return Approval(proposal=proposal.sha256, assertion=token.sign(purpose, proposal.raw, **lies))
