"""Warrants about backups: Dina proposes, Emil and Fay approve."""

from collections.abc import Mapping

from hsmnodes.node.protocol.backups import Backup
from hsmnodes.node.protocol.documents import Warrant
from tests.cast.charters import Chain
from tests.cast.deployment import PAYMENTS_SLOT, Deployment, NodeOfCast
from tests.cast.people import ADA, BEN, CLEO, DINA, EMIL, FAY
from tests.cast.signing import make_warrant


def _signed(
    cast: Deployment, tag: str, parameters: dict, node: NodeOfCast, zone: Chain, approvers=(EMIL, FAY)
) -> Warrant:
    whole = {"zone": _named(zone), **parameters}
    return make_warrant(cast.propose(tag, whole, [zone], [node], DINA), DINA, approvers)


def take_backup(cast: Deployment, node: NodeOfCast, zone: Chain, *keys: tuple[str, str]) -> Warrant:
    """To back up all keys of the zone, or those, each (id, label)."""
    parameters = {
        "what": "chosen" if keys else "all",
        "keys": [{"id": key, "label": label} for key, label in keys],
    }
    return _signed(cast, "backup.take/v1", parameters, node, zone)


def verify_backup(cast: Deployment, node: NodeOfCast, zone: Chain, backup: Backup, /, **changes) -> Warrant:
    """To verify a backup, for which Emil's approval is enough."""
    parameters = _about(backup) | {"keys": len(backup.keys)} | changes
    return _signed(cast, "backup.verify/v1", parameters, node, zone, (EMIL,))


def plan_for(backup: Backup, actions: Mapping[str, str]) -> list[dict]:
    """The plan of what is to happen to keys, by their label."""
    return [
        {
            "id": key.id,
            "label": key.label,
            "algorithm": key.algorithm,
            "usages": list(key.usages),
            "action": actions[key.label],
            "kcv": key.check_value,
            "public_key": key.public_key_sha256,
            "proposal": key.proposal,
        }
        for key in backup.keys
        if key.label in actions
    ]


def restore_backup(
    cast: Deployment, node: NodeOfCast, zone: Chain, backup: Backup, actions: Mapping[str, str], /, **changes
) -> Warrant:
    """To do with the keys of a backup what `actions` say, by label."""
    parameters = _about(backup) | {"keys": plan_for(backup, actions)} | changes
    return _signed(cast, "backup.restore/v1", parameters, node, zone)


def _about(backup: Backup) -> dict:
    manifest = backup.manifest
    return {
        "backup": backup.sha256,
        "taken_at": manifest.taken_at,
        "taken_on": manifest.node.model_dump(),
    }


def _named(zone: Chain) -> dict[str, str]:
    return zone.current.authority.model_dump(include={"id", "name"})


def import_backup_key(
    cast: Deployment, node: NodeOfCast, zone: Chain, ceremonial: Mapping[str, object], /, **changes
) -> Warrant:
    """Cleo proposes to bring a backup key into a node; Ada and Ben approve, and Dina and Emil for the zone.

    `ceremonial` is what is known of the key and its share set.
    """
    parameters = {
        "slot": PAYMENTS_SLOT.model_dump(),
        "zone": _named(zone),
        "service": zone.charters[0].zone.service.model_dump(),
        "zone_charter": zone.anchor,
        "backup_key": "TBK",
        **ceremonial,
    } | changes
    proposal = cast.propose("backup-key.import/v1", parameters, [cast.northgate, zone], [node], CLEO)
    evidence = [cast.found_zone(zone).raw]
    return make_warrant(proposal, CLEO, (ADA, BEN, DINA, EMIL), evidence=evidence)
