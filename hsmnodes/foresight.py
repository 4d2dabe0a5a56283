"""What a node would refuse for certain, said before people sign: names that are in use already,
and numbers that cannot be.

Only the node decides. This spares people a quorum that comes to nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.db.models import Q, QuerySet

from hsmnodes.models import Backup, Key, Placement, ShareSet, Slot
from hsmnodes.node.protocol.documents import Proposal as ProposalDocument
from tenants import tags, workflow
from tenants.errors import Invalid


def register() -> None:
    """Stand in the workflow's hook; called once, when the app is ready."""
    workflow.before_draft(check)


def check(document: ProposalDocument) -> None:
    """Raises Invalid if a name that the proposal gives to something new was given before."""
    look = LOOKS.get(document.operation)
    if look is not None:
        look(document.parameters, [node.id for node in document.nodes])


def _keys(parameters: Mapping[str, Any], _nodes: list[str]) -> None:
    labels = [key["label"] for key in parameters["keys"]]
    folded = [label.casefold() for label in labels]
    twice = [label for label in labels if folded.count(label.casefold()) > 1]
    if twice:
        raise Invalid("name-twice", f"Two of the keys are called “{twice[0]}”. Give each a label of its own.")
    _refuse(Key.objects.filter(zone=parameters["zone"]["id"]), "label", labels, "The zone has had a key")


def _service(parameters: Mapping[str, Any], nodes: list[str]) -> None:
    there = Placement.objects.filter(node__in=nodes)
    _refuse(there, "service__name", [parameters["service"]["name"]], "The HSM has had a service")


def _slot(parameters: Mapping[str, Any], nodes: list[str]) -> None:
    there = Slot.objects.filter(node__in=nodes)
    if there.filter(zone=parameters["zone"]["id"]).exists():
        raise Invalid("slot-exists", f"The zone {parameters['zone']['name']} has a slot on this HSM already.")
    _refuse(there, "name", [parameters["slot"]["name"]], "The HSM has had a slot")


def _drill(parameters: Mapping[str, Any], _nodes: list[str]) -> None:
    last = ShareSet.objects.filter(zone=parameters["zone"]["id"]).order_by("-number").first()
    if last is not None and not last.threshold <= parameters["shares"] <= last.shares.count():
        raise Invalid(
            "bad-number",
            f"It takes {last.threshold} shares to rebuild the key, and there are {last.shares.count()}: "
            "choose a number from one to the other.",
        )


def _backup(parameters: Mapping[str, Any], _nodes: list[str]) -> None:
    zone = parameters["zone"]
    if not Backup.objects.filter(sha256=parameters["backup"], zone=zone["id"]).exists():
        raise Invalid("unknown-backup", f"There is no such backup of {zone['name']} here: upload it first.")


LOOKS: Mapping[str, Callable[[Mapping[str, Any], list[str]], None]] = {
    tags.GENERATE_KEYS: _keys,
    tags.START_SERVICE: _service,
    tags.CREATE_SLOT: _slot,
    tags.IMPORT_BACKUP_KEY: _slot,
    tags.DRILL_BACKUP_KEY: _drill,
    tags.VERIFY_BACKUP: _backup,
    tags.RESTORE_BACKUP: _backup,
}


def _refuse(rows: QuerySet[Any], field: str, names: Iterable[str], what: str) -> None:
    same = Q()
    for name in names:
        same |= Q(**{f"{field}__iexact": name})
    known = rows.filter(same).values_list(field, flat=True).first()
    if known is not None:
        raise Invalid(
            "name-in-use", f"{what} called “{known}” already. A name is never used again: choose another."
        )
