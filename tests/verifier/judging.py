"""What Python makes of a case: the very functions by which a node decides."""

from collections.abc import Callable, Mapping
from typing import Any

from hsmnodes.node.protocol import canonical, nodesigning
from hsmnodes.node.protocol.documents import (
    Assertion,
    AuthorityKind,
    Charter,
    Desk,
    NodeSigned,
    Proposal,
    Token,
    Warrant,
)
from hsmnodes.node.protocol.errors import Refused
from hsmnodes.node.protocol.purposes import Purpose
from hsmnodes.node.protocol.quorum import Consent, Signatures, evaluate
from hsmnodes.node.protocol.webauthn import verify_assertion
from tests.verifier.standing import counted_in, enrolled, released, walked, warranted

Given = Mapping[str, Any]
Counted = list[str]


def judge(kind: str, given: Given) -> dict[str, Any]:
    """The verdict on a case, as the files have it, but for the desk's code."""
    try:
        return {"accepted": True, "counted": sorted(JUDGES[kind](given))}
    except Refused as refused:
        return {"accepted": False, "code": refused.code}


def _assertion(given: Given) -> Counted:
    verify_assertion(
        Assertion.model_validate_json(canonical.encode(given["assertion"])),
        challenge=canonical.b64u_decode(given["challenge"]),
        token=Token.model_validate_json(canonical.encode(given["token"])),
        desk=Desk(**given["desk"]),
    )
    return []


def _quorum(given: Given) -> Counted:
    charters = [Charter.from_bytes(one) for one in given["charters"]]
    warrant = Warrant.from_bytes(given["warrant"])
    verdict = evaluate(
        charters,
        Proposal.from_bytes(warrant.proposal_bytes),
        Signatures.of(warrant),
        consent=Consent(tuple(map(AuthorityKind, given["kinds"])), given["floor"]),
        now=given["now"],
    )
    return counted_in(verdict, charters)


def _charter(given: Given) -> Counted:
    Charter.from_bytes(given["charter"])
    return []


def _chain(given: Given) -> Counted:
    walked(**given)
    return []


def _envelope(given: Given) -> Counted:
    nodesigning.verify(
        NodeSigned.from_bytes(given["envelope"]),
        identity=given["point"],
        purpose=Purpose(given["purpose"]),
        node=given["node"],
    )
    return []


JUDGES: dict[str, Callable[[Given], Counted]] = {
    "assertion": _assertion,
    "quorum": _quorum,
    "charter": _charter,
    "chain": _chain,
    "envelope": _envelope,
    "enrolment": enrolled,
    "warrant": warranted,
    "release": released,
}
