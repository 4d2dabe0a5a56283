"""What a proposal will change, before and after, in words. For reading only: the node decides by itself."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from console.pages import wording
from console.pages.charter_difference import differences
from hsmnodes.models import Key, Node, ShareSet, Slot
from hsmnodes.node.operations.statement.differences import differences as statement_differences
from tenants import charters, tags
from tenants.models import Person, Proposal, Statement

NOTHING_YET = "–"


@dataclass(frozen=True)
class Change:
    """One thing that will be different."""

    what: str
    before: str
    after: str


def changes(proposal: Proposal, viewer: Person) -> list[Change]:
    """What the proposal would change, or has changed, as far as it is the viewer's business."""
    tell = CHANGES.get(proposal.operation)
    found = tell(proposal, proposal.document.parameters) if tell else []
    whole = viewer.organisation_id == proposal.provider_id
    return [_slots_in_use(proposal), *found] if whole and proposal.operation in tags.MAKE_SLOTS else found


def _generate(_proposal: Proposal, parameters: dict[str, Any]) -> list[Change]:
    return [
        Change(
            _("Key %(label)s") % {"label": key["label"]},
            _("does not exist"),
            _("%(algorithm)s, may %(usages)s; cannot leave the HSM unwrapped")
            % {
                "algorithm": wording.algorithm(key["algorithm"]),
                "usages": " and ".join(key["usages"]),
            },
        )
        for key in parameters["keys"]
    ]


def _rotate_keys(proposal: Proposal, parameters: dict[str, Any]) -> list[Change]:
    return [
        Change(change.what, _("%(label)s, which stays") % {"label": key["replaces"]["name"]}, change.after)
        for change, key in zip(_generate(proposal, parameters), parameters["keys"], strict=True)
    ]


def _destroy(_proposal: Proposal, parameters: dict[str, Any]) -> list[Change]:
    known = {key.id: key for key in Key.objects.filter(pk__in=[key["id"] for key in parameters["keys"]])}
    return [
        Change(
            _("Key %(label)s") % {"label": key["label"]},
            wording.algorithm(known[key["id"]].algorithm) if key["id"] in known else NOTHING_YET,
            _("destroyed for ever"),
        )
        for key in parameters["keys"]
    ]


def _enrol(_proposal: Proposal, parameters: dict[str, Any]) -> list[Change]:
    return [
        Change(
            _("HSM %(name)s") % {"name": parameters["node"]["name"]},
            _("unknown to its peers; carries out nothing"),
            _("enrolled in %(place)s; carries out warrants") % {"place": parameters["data_centre"]["name"]},
        )
    ]


def _start(proposal: Proposal, parameters: dict[str, Any]) -> list[Change]:
    node = proposal.node_name
    return [
        Change(
            _("Service %(name)s") % {"name": parameters["service"]["name"]},
            _("does not exist"),
            _("%(mode)s, on %(node)s") % {"mode": parameters["mode"], "node": node},
        ),
        Change(
            _("What %(node)s knows of %(customer)s")
            % {"node": node, "customer": parameters["customer"]["name"]},
            _("nothing, or the same charter"),
            _("its founding charter, by which it checks every signature of its people"),
        ),
    ]


def _found(_proposal: Proposal, parameters: dict[str, Any]) -> list[Change]:
    return [
        Change(
            _("Trust Zone %(name)s") % {"name": parameters["zone"]["name"]},
            _("drafted"),
            _("founded; controlled by the %(controller)s") % {"controller": parameters["controller"]},
        ),
        Change(_("Its charter, version 1"), _("collects signatures"), _("in force")),
    ]


def _import(proposal: Proposal, parameters: dict[str, Any]) -> list[Change]:
    known = {"zone": parameters["zone"]["name"], "node": proposal.node_name}
    return [
        Change(
            _("Backup key of %(zone)s on %(node)s") % known,
            _("not there"),
            _("epoch %(n)d, check value %(kcv)s, rebuilt from %(k)d shares")
            % {"n": parameters["epoch"], "kcv": parameters["kcv"], "k": parameters["threshold"]},
        ),
        Change(
            _("Keys of %(zone)s on %(node)s") % known,
            _("not there"),
            _("can be restored from backups of that epoch"),
        ),
    ]


def _slot(_proposal: Proposal, parameters: dict[str, Any]) -> list[Change]:
    return [
        Change(
            _("Backup key of %(zone)s") % {"zone": parameters["zone"]["name"]},
            _("does not exist"),
            _("a new %(kind)s, made in the HSM; nobody can read it") % {"kind": parameters["backup_key"]},
        ),
    ]


def _extend(_proposal: Proposal, parameters: dict[str, Any]) -> list[Change]:
    known = {"zone": parameters["zone"]["name"], "node": parameters["receiver"]["name"]}
    return [
        Change(
            _("Backup key of %(zone)s on %(node)s") % known,
            _("not there"),
            _("epoch %(n)d, check value %(kcv)s, the same as on %(sender)s")
            % {"n": parameters["epoch"], "kcv": parameters["kcv"], "sender": parameters["sender"]["name"]},
        ),
        Change(
            _("Keys of %(zone)s on %(node)s") % known,
            _("not there"),
            _("all of them, as on %(sender)s") % {"sender": parameters["sender"]["name"]},
        ),
    ]


def _withdraw(_proposal: Proposal, parameters: dict[str, Any]) -> list[Change]:
    known = {"zone": parameters["zone"]["name"], "node": parameters["left"]["name"]}
    keeper = _("destroyed there; they stay on %(node)s") % {"node": parameters["keeper"]["name"]}
    return [
        Change(_("Keys and backup key of %(zone)s on %(node)s") % known, _("there"), keeper),
        Change(_("Slot %(name)s") % {"name": parameters["slot"]["name"]}, _("in use"), _("deleted")),
    ]


def _slots_in_use(proposal: Proposal) -> Change:
    """Those of all customers together: for the provider."""
    node = Node.objects.filter(pk=proposal.node).first()
    used = Slot.objects.filter(node=node).count() if node else 0
    done = Slot.objects.filter(proposal=proposal).exists()
    before = used - 1 if done else used
    return Change(_("Slots in use on %(node)s") % {"node": proposal.node_name}, str(before), str(before + 1))


def _share(_proposal: Proposal, parameters: dict[str, Any]) -> list[Change]:
    zone, number = parameters["zone"], parameters["share_set"]
    before = ShareSet.objects.filter(zone=zone["id"], number=number - 1).first()
    return [
        Change(
            _("Shares of the backup key of %(name)s") % {"name": zone["name"]},
            _holding(before.threshold, [one.name for one in before.shares.all()]) if before else _("none"),
            _holding(parameters["threshold"], [one["person"]["name"] for one in parameters["custodians"]]),
        ),
        Change(_("Number of the share set"), str(number - 1) if before else NOTHING_YET, str(number)),
    ]


def _rotate(proposal: Proposal, parameters: dict[str, Any]) -> list[Change]:
    zone, epoch, retired = parameters["zone"], parameters["epoch"], parameters["retired_kcv"]
    return [
        Change(
            _("Backup key of %(name)s") % {"name": zone["name"]},
            _("epoch %(n)d, check value %(kcv)s") % {"n": epoch - 1, "kcv": retired},
            _("epoch %(n)d, a new key that nobody can read; the one before is destroyed in the HSM")
            % {"n": epoch},
        ),
        Change(
            _("Backups of the zone's keys"),
            _("open with epoch %(n)d") % {"n": epoch - 1},
            _("new ones, which open with epoch %(n)d; copies of the old ones still open with the old shares")
            % {"n": epoch},
        ),
        *_share(proposal, parameters),
    ]


def _holding(threshold: int, people: list[str]) -> str:
    return _("any %(k)d of %(n)d: %(people)s") % {
        "k": threshold,
        "n": len(people),
        "people": ", ".join(people),
    }


def _amend(proposal: Proposal, parameters: dict[str, Any]) -> list[Change]:
    found = charters.by_hash([parameters["charter"], proposal.document.previous or ""])
    new = next((one for one in found if one.sha256 == parameters["charter"]), None)
    old = next((one for one in found if one.sha256 == proposal.document.previous), None)
    if old is None or new is None:
        return []
    return [
        Change(_("Version"), str(old.version), str(new.version)),
        *(Change(one.what, one.before, one.after) for one in differences(old, new)),
    ]


def _sign(_proposal: Proposal, parameters: dict[str, Any]) -> list[Change]:
    new = Statement.objects.filter(hash=parameters["statement"]).first()
    if new is None:
        return []
    old = Statement.objects.filter(hash=new.document.previous or "").first()
    version = Change(
        _("Agreed on"),
        _("version %(n)d") % {"n": old.version} if old else _("nothing yet"),
        _("version %(n)d") % {"n": new.version},
    )
    if old is None:
        return [version]
    found = statement_differences(old.document, new.document)
    return [version, *(Change(f"{one.place}: {one.what}", one.before, one.after) for one in found)]


CHANGES: dict[str, Callable[[Proposal, dict[str, Any]], list[Change]]] = {
    tags.GENERATE_KEYS: _generate,
    tags.ROTATE_KEYS: _rotate_keys,
    tags.DESTROY_KEYS: _destroy,
    tags.ENROL_NODE: _enrol,
    tags.START_SERVICE: _start,
    tags.FOUND_ZONE: _found,
    tags.CREATE_SLOT: _slot,
    tags.IMPORT_BACKUP_KEY: _import,
    tags.EXTEND_ZONE: _extend,
    tags.WITHDRAW_ZONE: _withdraw,
    tags.AMEND_CHARTER: _amend,
    tags.RECOVER_CHARTER: _amend,
    tags.SIGN_STATEMENT: _sign,
    tags.SHARE_BACKUP_KEY: _share,
    tags.RESHARE_BACKUP_KEY: _share,
    tags.ROTATE_BACKUP_KEY: _rotate,
}
