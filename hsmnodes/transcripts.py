"""The transcript of a ceremony: every signed document of it (docs/formats/custody.md)."""

from hsmnodes import dispatch
from hsmnodes.models import Ceremony
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.canonical import JSON
from hsmnodes.steps import links_of

TYPE = "quorate/ceremony-transcript/v1"


def transcript_of(ceremony: Ceremony) -> dict[str, JSON]:
    """What was signed so far: charters, enrolment, warrant, question, contributions, answers, receipts."""
    enrolment = dispatch.enrolment_of(ceremony.node_id)
    contributions: list[JSON] = [
        {
            "contribution": canonical.b64u(bytes(one.raw)),
            "assertion": one.assertion,
            "answer": canonical.b64u(bytes(one.answer)) if one.answer else None,
        }
        for one in ceremony.contributions.all()
    ]
    receipts = ceremony.proposal.receipts.order_by("id")
    return {
        "type": TYPE,
        "charters": charters_behind(ceremony),
        "enrolment": canonical.b64u(bytes(enrolment.warrant)) if enrolment else None,
        "warrant": canonical.b64u(bytes(ceremony.proposal.warrant)),
        "question": canonical.b64u(bytes(ceremony.envelope)),
        "contributions": contributions,
        "receipts": [canonical.b64u(bytes(one.envelope)) for one in receipts],
    }


def charters_behind(ceremony: Ceremony) -> dict[str, JSON]:
    """The links of the provider's and of the zone's chain of charters, each from the founding one on."""
    return {
        "provider": list(links_of([ceremony.node.provider_id])),
        "zone": list(links_of([ceremony.zone_id])),
    }
