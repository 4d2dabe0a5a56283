"""Whether what a custodian gives to a ceremony is the share that was asked of them. Pure.

The signature is checked first, by the zone's charter in force, and what is in the box after it: what is wrong
with a share is said with the name of its owner, and spoils nothing.
"""

from dataclasses import fields

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.custody import KeyAtStake
from hsmnodes.node.protocol.documents.ceremonies import Ceremony, Contribution, Holder
from hsmnodes.node.protocol.documents.charter import Charter, Role
from hsmnodes.node.protocol.documents.shares import KeyShare
from hsmnodes.node.protocol.documents.signatures import Assertion
from hsmnodes.node.protocol.errors import DocumentRefused, ShareRefused
from hsmnodes.node.protocol.purposes import Purpose, challenge
from hsmnodes.node.protocol.sealing import open_sealed
from hsmnodes.node.protocol.sharing import Share
from hsmnodes.node.protocol.webauthn import verify_assertion


def check_contribution(
    contribution: Contribution, assertion: Assertion, *, ceremony: Ceremony, zone: Charter
) -> Holder:
    """The holder who gives a share to `ceremony`, by the zone's charter in force. Raises Refused."""
    who = contribution.person.name
    if contribution.ceremony != ceremony.sha256 or any(
        getattr(contribution, name) != getattr(ceremony, name) for name in _OF_THE_CEREMONY
    ):
        raise ShareRefused("other-ceremony", f"{who} contributed to another ceremony than this one.")
    holder = next((one for one in ceremony.holders if one.index == contribution.index), None)
    if holder is None or (holder.custodian, holder.credential_id) != (
        contribution.person,
        contribution.credential_id,
    ):
        raise ShareRefused("other-holder", f"{who} does not hold share {contribution.index} with this token.")
    found = zone.by_credential.get(holder.credential_id)
    if found is None or found[0].id != holder.custodian.id:
        raise ShareRefused("token-gone", f"The zone's charter has no longer the token that {who} uses.")
    person, token = found
    if Role.CUSTODIAN not in person.roles:
        raise ShareRefused("not-a-custodian", f"{who} is no longer a custodian in the zone's charter.")
    signed = challenge(Purpose.CONTRIBUTE, contribution.raw)
    verify_assertion(assertion, challenge=signed, token=token, desk=zone.desk)
    return holder


def open_contribution(
    sealed: bytes, private_key: bytes, *, contribution: Contribution, ceremony: Ceremony, holder: Holder
) -> Share:
    """The share in the box, sealed to the ceremony's key (`private_key`, 32 bytes), if it is the holder's.

    Raises Refused, and says whose share is wrong and how.
    """
    who = holder.custodian.name
    try:
        document = KeyShare.from_bytes(open_sealed(sealed, private_key, contributed_context(contribution)))
    except ShareRefused as refused:
        raise ShareRefused(refused.code, f"What {who} gave cannot be opened. {refused.message}") from None
    except DocumentRefused as refused:
        raise ShareRefused("no-share", f"What {who} gave is no share. {refused.message}") from None
    of_zone = [(getattr(document, name), getattr(ceremony, name)) for name in _OF_THE_ZONE]
    if any(one != other for one, other in of_zone):
        raise ShareRefused("foreign-share", f"What {who} gave is a share of another backup key.")
    if (document.epoch, document.share_set) != (ceremony.epoch, ceremony.share_set):
        raise ShareRefused(
            "stale-share",
            f"What {who} gave is of epoch {document.epoch}, share set {document.share_set}; "
            f"asked for is epoch {ceremony.epoch}, share set {ceremony.share_set}.",
        )
    if (document.index, document.custodian, document.credential_id) != (
        holder.index,
        holder.custodian,
        holder.credential_id,
    ):
        raise ShareRefused("other-holder", f"What {who} gave is the share of {document.custodian.name}.")
    if document.count != len(ceremony.holders):
        raise ShareRefused(
            "other-holder",
            f"The share of {who} is one of {document.count}; the ceremony asks {len(ceremony.holders)}.",
        )
    if any(getattr(document, name) != getattr(ceremony, name) for name in _OF_THE_SPLIT):
        raise ShareRefused(
            "other-share",
            f"The share of {who} is of a backup key with check value {document.kcv}, of which any "
            f"{document.threshold} shares are enough. That is not the one that was signed for: check value "
            f"{ceremony.kcv}, any {ceremony.threshold} shares, and the same commitment.",
        )
    share = Share(document.index, canonical.b64u_decode(document.value))
    if at_stake(ceremony).share_commitment(ceremony.share_set, share) != holder.commitment:
        raise ShareRefused("altered-share", f"The share of {who} is not the one that was made for them.")
    return share


def contributed_context(contribution: Contribution) -> dict[str, canonical.JSON]:
    """The context in which a contributed share is sealed: to this one contribution alone."""
    return {"purpose": "quorate/contributed-share/v1", "contribution": contribution.sha256}


def at_stake(ceremony: Ceremony) -> KeyAtStake:
    """The backup key that a ceremony is about."""
    return KeyAtStake(**{one.name: getattr(ceremony, one.name) for one in fields(KeyAtStake)})


_OF_THE_CEREMONY = ("deployment", "demo", "proposal", "node", "zone", "epoch", "share_set")
_OF_THE_SPLIT = ("kcv", "threshold", "commitment")
_OF_THE_ZONE = ("deployment", "demo", "zone", "provider_founding", "zone_founding", "backup_key")
