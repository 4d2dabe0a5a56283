"""What a node would refuse for certain, said before people sign: names that are in use already,
numbers that cannot be, and HSMs that are given to one service alone.

Only the node decides. This spares people a quorum that comes to nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.db.models import Q, QuerySet

from hsmnodes.clusters import pending
from hsmnodes.models import Backup, Cluster, Key, Node, Placement, ShareSet, Slot
from hsmnodes.node.protocol.documents import Proposal as ProposalDocument
from tenants import tags, workflow
from tenants.errors import Invalid
from tenants.exclusive import check_alone
from tenants.models import RUNNING_STATES, Proposal, Service, ServiceMode, State, TrustZone


def register() -> None:
    """Stand in the workflow's hook; called once, when the app is ready."""
    workflow.before_asking(check)


def check(document: ProposalDocument) -> None:
    """Raises Invalid if a name that the proposal gives to something new was given before."""
    look = LOOKS.get(document.operation)
    if look is not None:
        look(document.parameters, [node.id for node in document.nodes])


def _keys(parameters: Mapping[str, Any], nodes: list[str]) -> None:
    labels = [key["label"] for key in parameters["keys"]]
    folded = [label.casefold() for label in labels]
    twice = [label for label in labels if folded.count(label.casefold()) > 1]
    if twice:
        raise Invalid("name-twice", f"Two of the keys are called “{twice[0]}”. Give each a label of its own.")
    _refuse(Key.objects.filter(zone=parameters["zone"]["id"]), "label", labels, "The zone has had a key")
    _refuse_begun_elsewhere(parameters["zone"]["id"], set(folded), nodes[0])


def _refuse_begun_elsewhere(zone: str, folded: set[str], first: str) -> None:
    """One HSM refuses the second of two keys with one label; two would each make one, and differ."""
    others = Proposal.objects.filter(
        zone=zone, operation__in=tags.MAKE_KEYS, state__in=[State.PROPOSED, *RUNNING_STATES]
    )
    for document in (one.document for one in others):
        taken = [key["label"] for key in document.parameters["keys"] if key["label"].casefold() in folded]
        if taken and document.nodes[0].id != first:
            raise Invalid(
                "name-is-asked-for",
                f"Another proposal asks for “{taken[0]}” already, on {document.nodes[0].name} first. Choose "
                "another label, or cancel that one.",
            )


def _service(parameters: Mapping[str, Any], nodes: list[str]) -> None:
    there = Placement.objects.filter(node__in=nodes)
    service = Service.objects.filter(pk=parameters["service"]["id"]).first()
    if service is not None:
        _check_is(service, parameters)
        there = there.exclude(service=service)
    else:
        _refuse_second_service(parameters)
    others = there.select_related("service", "node")
    _refuse_exclusive(others)
    if parameters["mode"] == ServiceMode.EXCLUSIVE and (other := others.first()) is not None:
        raise Invalid(
            "hsm-is-shared",
            f"{other.node.name} cannot be given to one service alone: "
            f"{_called(other.service, parameters)} is on it. Choose an HSM that nothing is on, or start a "
            "shared service.",
        )
    _refuse(there, "service__name", [parameters["service"]["name"]], "The HSM has had a service")


def _called(other: Service, parameters: Mapping[str, Any]) -> str:
    """A service by its name, but for one of another customer: who asks may be the first one's."""
    return other.name if other.customer_id == parameters["customer"]["id"] else "a service"


def _refuse_second_service(parameters: Mapping[str, Any]) -> None:
    """Another HSM would start a second service of that name, and the console cannot keep two."""
    customer, name = parameters["customer"], parameters["service"]["name"]
    if Service.objects.filter(customer=customer["id"], name__iexact=name).exists():
        raise Invalid(
            "name-in-use",
            f"{customer['name']} has a service called “{name}” already. Start that one on further HSMs, or "
            "choose another name.",
        )
    others = Proposal.objects.filter(
        operation=tags.START_SERVICE, customer=customer["id"], state__in=[State.PROPOSED, *RUNNING_STATES]
    )
    for asked in (one.document.parameters["service"] for one in others):
        if asked["name"].casefold() == name.casefold() and asked["id"] != parameters["service"]["id"]:
            raise Invalid(
                "name-is-asked-for",
                f"Another proposal asks for a service called “{asked['name']}” already. Choose another name, "
                "or cancel that one.",
            )


def _check_is(service: Service, parameters: Mapping[str, Any]) -> None:
    """Raises Invalid if a service that is to be started on further nodes is described otherwise."""
    said = (parameters["service"]["name"], parameters["customer"]["id"], parameters["mode"])
    if said != (service.name, service.customer_id, service.mode):
        raise Invalid(
            "other-service",
            f"The service {service.name} is {service.mode}, for {service.customer.name}: start it as that.",
        )


def _slot(parameters: Mapping[str, Any], nodes: list[str]) -> None:
    there = Slot.ever.filter(node__in=nodes)
    if Slot.objects.filter(node__in=nodes, zone=parameters["zone"]["id"]).exists():
        raise Invalid("slot-exists", f"The zone {parameters['zone']['name']} has a slot on this HSM already.")
    _refuse_exclusive(
        Placement.objects.filter(node__in=nodes)
        .exclude(service=parameters["service"]["id"])
        .select_related("service", "node")
    )
    living = Slot.objects.filter(node__in=nodes, zone__service__mode=ServiceMode.EXCLUSIVE)
    taken = living.select_related("zone", "node").first()
    if taken is not None:
        raise Invalid(
            "hsm-is-exclusive",
            f"{taken.node.name} is given to one Trust Zone alone, {taken.zone.name}: no other gets a slot "
            "on it.",
        )
    _refuse(there, "name", [parameters["slot"]["name"]], "The HSM has had a slot")


def _extension(parameters: Mapping[str, Any], nodes: list[str]) -> None:
    receiver, sender = nodes
    zone, service = parameters["zone"], parameters["service"]
    if not Placement.objects.filter(node=receiver, service=service["id"]).exists():
        raise Invalid("no-such-service", f"Start the service {service['name']} on that HSM first.")
    if not Slot.objects.filter(node=sender, zone=zone["id"]).exists():
        raise Invalid("no-such-zone", f"The zone {zone['name']} is not on the HSM that it is to come from.")
    _slot(parameters, [receiver])


def _withdrawal(parameters: Mapping[str, Any], nodes: list[str]) -> None:
    zone = parameters["zone"]
    if Slot.objects.filter(node__in=nodes, zone=zone["id"]).count() < len(nodes):
        raise Invalid("no-such-zone", f"The zone {zone['name']} is not on both of these HSMs.")


def _founding(parameters: Mapping[str, Any], _nodes: list[str]) -> None:
    zone = TrustZone.objects.select_related("service").filter(pk=parameters["zone"]["id"]).first()
    if zone is not None:
        check_alone(zone.service, but=zone.pk)


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


def _forming(parameters: Mapping[str, Any], nodes: list[str]) -> None:
    _refuse_members(nodes)
    provider = Node.objects.filter(pk__in=nodes).values("provider")
    clusters = Cluster.objects.filter(provider__in=provider)
    name = parameters["cluster"]["name"]
    _refuse(clusters, "name", [name], "There was a cluster")
    under_way = pending(provider.values_list("provider", flat=True).first() or "")
    for other in under_way.filter(operation=tags.FORM_CLUSTER):
        if other.document.parameters["cluster"]["name"].casefold() == name.casefold():
            raise Invalid(
                "name-in-use", f"A cluster called “{name}” is proposed already: choose another name."
            )


def _changing(parameters: Mapping[str, Any], _nodes: list[str]) -> None:
    cluster = Cluster.objects.filter(pk=parameters["cluster"]["id"]).first()
    if cluster is None or cluster.state != parameters["succeeds"]:
        raise Invalid("other-predecessor", "The cluster is another by now: look at it, and propose it anew.")
    if "joined" in parameters:
        _refuse_members([parameters["joined"]["id"]])


def _refuse_members(nodes: list[str]) -> None:
    member = Node.objects.filter(pk__in=nodes, cluster__isnull=False).select_related("cluster").first()
    if member is not None:
        raise Invalid("in-a-cluster", f"{member.name} is in cluster {member.cluster} already.")


LOOKS: Mapping[str, Callable[[Mapping[str, Any], list[str]], None]] = {
    **dict.fromkeys(tags.MAKE_KEYS, _keys),
    tags.START_SERVICE: _service,
    tags.CREATE_SLOT: _slot,
    tags.IMPORT_BACKUP_KEY: _slot,
    tags.FOUND_ZONE: _founding,
    tags.DRILL_BACKUP_KEY: _drill,
    tags.EXTEND_ZONE: _extension,
    tags.WITHDRAW_ZONE: _withdrawal,
    tags.VERIFY_BACKUP: _backup,
    tags.FORM_CLUSTER: _forming,
    **dict.fromkeys(tags.CHANGE_CLUSTERS - {tags.FORM_CLUSTER}, _changing),
    tags.RESTORE_BACKUP: _backup,
}


def _refuse_exclusive(others: QuerySet[Placement]) -> None:
    """Refuse if one of these placements, of other services, has its HSM alone."""
    alone = others.filter(service__mode=ServiceMode.EXCLUSIVE).first()
    if alone is not None:
        raise Invalid(
            "hsm-is-exclusive",
            f"{alone.node.name} is given to {alone.service.name} alone: nothing else is started or gets a "
            "slot there. Choose another HSM.",
        )


def _refuse(rows: QuerySet[Any], field: str, names: Iterable[str], what: str) -> None:
    same = Q()
    for name in names:
        same |= Q(**{f"{field}__iexact": name})
    known = rows.filter(same).values_list(field, flat=True).first()
    if known is not None:
        raise Invalid(
            "name-in-use", f"{what} called “{known}” already. A name is never used again: choose another."
        )
