"""Parameters that follow from others: nobody types a hash or repeats what the console knows.

Each is a function of what was chosen. It raises Missing with words for people when there is nothing to follow
from; the node checks every one of them against what it holds.
"""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from console.pages.forms import cluster_fields
from console.pages.forms.extending import AS_ADMITTED, as_admitted, keys_that_are_left
from hsmnodes import suspending
from hsmnodes.models import Application, Epoch, Node, ShareSet, Slot
from hsmnodes.node.protocol.documents import Recovery
from tenants import charters, tags
from tenants.models import CharterState, CharterVersion, TrustZone


class Missing(Exception):
    """Something that the parameter follows from is not there. The first argument says what to do."""


Chosen = Mapping[str, Any]
Derive = Callable[[Chosen], Any]


def _zone(chosen: Chosen) -> TrustZone:
    return TrustZone.objects.select_related("service").get(pk=chosen["zone"]["id"])


def _service_of_zone(chosen: Chosen) -> dict[str, str]:
    return _zone(chosen).service.named().model_dump()


def _zone_charter(chosen: Chosen) -> str:
    version = (
        CharterVersion.objects.filter(authority=chosen["zone"]["id"], version=1)
        .exclude(state=CharterState.DISCARDED)
        .first()
    )
    if version is None:
        raise Missing(_("This Trust Zone has no founding charter yet. Found it first."))
    return version.hash


def _customer_founding(chosen: Chosen) -> str:
    anchor = charters.anchor_of(chosen["customer"]["id"])
    if anchor is None:
        raise Missing(_("This customer has no charter in force yet. Its people found one first."))
    return anchor


def _node(chosen: Chosen) -> Node:
    return Node.objects.select_related("data_centre").get(pk=chosen["node"]["id"])


def _amended(chosen: Chosen) -> CharterVersion:
    return CharterVersion.objects.get(hash=chosen["charter"])


def _amended_authority(chosen: Chosen) -> dict[str, str]:
    version = _amended(chosen)
    return {"kind": version.kind, "id": version.authority, "name": version.name}


def _recovery(chosen: Chosen) -> Recovery:
    """The clause of the charter in force that is to be recovered."""
    before = charters.in_force([_amended(chosen).authority]).get(_amended(chosen).authority)
    if before is None or before.recovery is None:
        raise Missing(_("The charter in force has no recovery clause: it can only be amended."))
    return before.recovery


def _epoch(chosen: Chosen) -> Epoch:
    in_force = Epoch.objects.filter(slot__zone=chosen["zone"]["id"], retired_at=None).first()
    if in_force is None:
        raise Missing(_("This Trust Zone has no slot in an HSM yet."))
    return in_force


def _next_share_set(chosen: Chosen) -> int:
    last = ShareSet.objects.filter(zone=chosen["zone"]["id"]).order_by("-number").first()
    return last.number + 1 if last else 1


def _last_share_set(chosen: Chosen) -> ShareSet:
    last = ShareSet.objects.filter(zone=chosen["zone"]["id"]).order_by("-number").first()
    if last is None:
        raise Missing(_("The backup key of this Trust Zone has no shares yet. Split it first."))
    return last


def _of_last_epoch(chosen: Chosen) -> Epoch:
    return Epoch.objects.get(slot=_last_share_set(chosen).slot_id, number=_last_share_set(chosen).epoch)


def _holders(chosen: Chosen) -> list[dict[str, Any]]:
    return [
        {
            "index": one.index,
            "custodian": {"id": one.person, "name": one.name},
            "credential_id": one.credential_id,
            "commitment": one.commitment,
        }
        for one in _last_share_set(chosen).shares.all()
    ]


def _backup_key_kind(chosen: Chosen) -> str:
    return _zone(chosen).kind_of_backup_key


def _commitment(chosen: Chosen) -> str:
    epoch = _epoch(chosen)
    if not epoch.commitment:
        raise Missing(
            _("The HSM has not committed to this backup key, which an earlier version made. Rotate it first.")
        )
    return epoch.commitment


def _slot_that_goes(chosen: Chosen) -> dict[str, str]:
    if chosen["left"]["id"] == chosen["keeper"]["id"]:
        raise Missing(_("The zone stays on another HSM than the one that it leaves."))
    slot = Slot.objects.filter(node=chosen["left"]["id"], zone=chosen["zone"]["id"]).first()
    if slot is None:
        raise Missing(_("This Trust Zone has no slot on that HSM."))
    return {"id": slot.id, "name": slot.name}


def _suspensions(chosen: Chosen) -> list[str]:
    """What suspends an application at this moment, by the hashes of the statements."""
    application = Application.objects.get(pk=chosen["application"]["id"])
    found = sorted(suspending.in_force(application).values_list("statement_hash", flat=True))
    if not found:
        raise Missing(_("This application is not suspended."))
    return found[:8]


DERIVED: dict[tuple[str, str], Derive] = {
    **cluster_fields.DERIVED,
    **{(tags.EXTEND_APPLICATION, name): as_admitted(name) for name in AS_ADMITTED},
    (tags.EXTEND_APPLICATION, "keys"): keys_that_are_left,
    (tags.RESUME_APPLICATION, "statements"): _suspensions,
    (tags.AMEND_CHARTER, "authority"): _amended_authority,
    (tags.AMEND_CHARTER, "version"): lambda chosen: _amended(chosen).version,
    (tags.RECOVER_CHARTER, "authority"): _amended_authority,
    (tags.RECOVER_CHARTER, "version"): lambda chosen: _amended(chosen).version,
    (tags.RECOVER_CHARTER, "days"): lambda chosen: _recovery(chosen).days,
    (tags.RECOVER_CHARTER, "others"): lambda chosen: [
        {"kind": one.kind.value, "id": one.id, "name": one.name} for one in _recovery(chosen).others
    ],
    (tags.START_SERVICE, "customer_founding"): _customer_founding,
    (tags.FOUND_ZONE, "service"): _service_of_zone,
    (tags.FOUND_ZONE, "controller"): lambda chosen: _zone(chosen).controller,
    (tags.FOUND_ZONE, "charter"): _zone_charter,
    (tags.CREATE_SLOT, "service"): _service_of_zone,
    (tags.CREATE_SLOT, "zone_charter"): _zone_charter,
    (tags.CREATE_SLOT, "backup_key"): _backup_key_kind,
    (tags.IMPORT_BACKUP_KEY, "service"): _service_of_zone,
    (tags.IMPORT_BACKUP_KEY, "zone_charter"): _zone_charter,
    (tags.IMPORT_BACKUP_KEY, "backup_key"): _backup_key_kind,
    (tags.IMPORT_BACKUP_KEY, "epoch"): lambda chosen: _last_share_set(chosen).epoch,
    (tags.IMPORT_BACKUP_KEY, "kcv"): lambda chosen: _of_last_epoch(chosen).kcv,
    (tags.IMPORT_BACKUP_KEY, "commitment"): lambda chosen: _last_share_set(chosen).commitment,
    (tags.IMPORT_BACKUP_KEY, "share_set"): lambda chosen: _last_share_set(chosen).number,
    (tags.IMPORT_BACKUP_KEY, "threshold"): lambda chosen: _last_share_set(chosen).threshold,
    (tags.IMPORT_BACKUP_KEY, "holders"): _holders,
    (tags.EXTEND_ZONE, "service"): _service_of_zone,
    (tags.EXTEND_ZONE, "zone_charter"): _zone_charter,
    (tags.EXTEND_ZONE, "backup_key"): _backup_key_kind,
    (tags.EXTEND_ZONE, "epoch"): lambda chosen: _epoch(chosen).number,
    (tags.EXTEND_ZONE, "kcv"): lambda chosen: _epoch(chosen).kcv,
    (tags.EXTEND_ZONE, "commitment"): _commitment,
    (tags.WITHDRAW_ZONE, "slot"): _slot_that_goes,
    (tags.SHARE_BACKUP_KEY, "epoch"): lambda chosen: _epoch(chosen).number,
    (tags.SHARE_BACKUP_KEY, "share_set"): _next_share_set,
    (tags.RESHARE_BACKUP_KEY, "epoch"): lambda chosen: _epoch(chosen).number,
    (tags.RESHARE_BACKUP_KEY, "share_set"): _next_share_set,
    (tags.ROTATE_BACKUP_KEY, "epoch"): lambda chosen: _epoch(chosen).number + 1,
    (tags.ROTATE_BACKUP_KEY, "share_set"): _next_share_set,
    (tags.ROTATE_BACKUP_KEY, "retired_kcv"): lambda chosen: _epoch(chosen).kcv,
    (tags.DRILL_BACKUP_KEY, "epoch"): lambda chosen: _last_share_set(chosen).epoch,
    (tags.DRILL_BACKUP_KEY, "share_set"): lambda chosen: _last_share_set(chosen).number,
    (tags.TAKE_BACKUP, "what"): lambda chosen: "chosen" if chosen["keys"] else "all",
    (tags.ENROL_NODE, "data_centre"): lambda chosen: {
        "id": _node(chosen).data_centre.id,
        "name": _node(chosen).data_centre.name,
    },
    (tags.ENROL_NODE, "identity"): lambda chosen: _node(chosen).identity,
    (tags.ENROL_NODE, "module"): lambda chosen: _node(chosen).module,
}
