"""A backup key that some other HSM has split: what is known of it, and its shares."""

from typing import Any

from hsmnodes.node.agent.backup_keys import check_value
from hsmnodes.node.protocol.custody import Custodian, KeyAtStake, open_box, share_out
from hsmnodes.node.protocol.documents import KeyShare, Named
from tests.cast.charters import DEPLOYMENT, Chain
from tests.cast.deployment import Deployment
from tests.cast.people import CUSTODIANS

KEY = bytes(range(32))


def share_elsewhere(cast: Deployment, zone: Chain) -> tuple[dict[str, Any], dict[int, KeyShare]]:
    """The parameters by which an import names a key of `zone` and its share set, and the shares by index."""
    authority = zone.current.authority
    at_stake = KeyAtStake(
        deployment=DEPLOYMENT,
        demo=True,
        zone=Named(id=authority.id, name=authority.name),
        provider_founding=cast.northgate.anchor,
        zone_founding=zone.anchor,
        backup_key="TBK",
        epoch=1,
        kcv=check_value(KEY),
    )
    custodians = [
        Custodian(Named(id=one.id, name=one.name), one.key.credential_id, one.key.share_key(one).key_bytes)
        for one in CUSTODIANS
    ]
    made = share_out(at_stake, KEY, custodians, number=1, threshold=2, draw=lambda size: bytes(range(size)))
    known = {
        "epoch": 1,
        "kcv": at_stake.kcv,
        "commitment": made.commitment,
        "share_set": made.number,
        "threshold": made.threshold,
        "holders": [
            {
                "index": box.index,
                "custodian": box.custodian.person.model_dump(),
                "credential_id": box.custodian.credential_id,
                "commitment": box.commitment,
            }
            for box in made.boxes
        ],
    }
    shares = {
        box.index: open_box(box.sealed, member.key.share_private, _context(at_stake, box.index, member))
        for box, member in zip(made.boxes, CUSTODIANS, strict=True)
    }
    return known, shares


def _context(at_stake: KeyAtStake, index: int, member: Any) -> dict[str, Any]:
    return {
        "purpose": "quorate/sealed-share/v1",
        "deployment": at_stake.deployment,
        "zone": at_stake.zone.id,
        "epoch": at_stake.epoch,
        "share_set": 1,
        "index": index,
        "credential_id": member.key.credential_id,
    }
