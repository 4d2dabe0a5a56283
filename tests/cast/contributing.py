"""What custodians give to a ceremony, and what a dishonest one might."""

from collections.abc import Callable
from typing import Any

from hsmnodes.node.agent.messages import ContributionMessage
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.contributions import contributed_context
from hsmnodes.node.protocol.documents import Assertion, Ceremony, Contribution, KeyShare, Named
from hsmnodes.node.protocol.purposes import Purpose
from hsmnodes.node.protocol.sealing import seal
from tests.cast.people import Member, make_id


def make_contribution(
    ceremony: Ceremony, member: Member, of: str | None = None, **changes: Any
) -> Contribution:
    """The contribution of a holder, as the console would lay it out; `of` is another ceremony."""
    holder = next((one for one in ceremony.holders if one.custodian.id == member.id), ceremony.holders[0])
    values = {
        name: getattr(ceremony, name)
        for name in ("deployment", "demo", "proposal", "node", "zone", "epoch", "share_set")
    } | {
        "ceremony": of or ceremony.sha256,
        "index": holder.index,
        "person": Named(id=member.id, name=member.name),
        "credential_id": member.key.credential_id,
        "nonce": make_id("nonce"),
        "at": ceremony.opened_at,
    }
    return Contribution(**(values | changes))


def contribute(
    ceremony: Ceremony,
    member: Member,
    share: KeyShare,
    *,
    sign: Callable[[Contribution], Assertion] | None = None,
    **changes: Any,
) -> ContributionMessage:
    """The member's share, sealed to the ceremony, under their token's signature."""
    contribution = make_contribution(ceremony, member, **changes)
    assertion = sign(contribution) if sign else member.key.sign(Purpose.CONTRIBUTE, contribution.raw)
    public = canonical.b64u_decode(ceremony.public_key)
    return ContributionMessage(
        contribution=canonical.b64u(contribution.raw),
        assertion=assertion,
        sealed=canonical.b64u(seal(share.raw, public, contributed_context(contribution))),
    )
