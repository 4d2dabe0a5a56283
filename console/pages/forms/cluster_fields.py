"""Clusters in forms: which nodes, in which order, and which change a zone is asked to agree to."""

from collections.abc import Collection, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from console.pages.forms.sources import Option
from hsmnodes import clusters
from hsmnodes.access import visible_clusters, visible_nodes
from hsmnodes.models import Cluster, Node, Slot
from hsmnodes.node.operations.cluster.leave import LOST_AFTER
from hsmnodes.node.protocol.documents.cluster import MOST_MEMBERS
from tenants import access, clock, tags
from tenants.models import FINAL_STATES, Person, Proposal, State

PENDING = "pending"
WHAT = {
    tags.FORM_CLUSTER: "form",
    tags.JOIN_CLUSTER: "join",
    tags.LEAVE_CLUSTER: "leave",
}
GIVEN_UP = [state for state in FINAL_STATES if state != State.DONE]
# What two agreements have in common that are about the same change.
SAME = ("cluster", "node", "change", "revision", "succeeds")
Chosen = Mapping[str, Any]


def cluster_options(person: Person) -> list[Option]:
    """The clusters that are there, of the person's own provider."""
    found = visible_clusters(person).filter(provider=person.organisation.provider_or_self)
    return [Option(one.id, one.name) for one in found.order_by("name") if not one.is_dissolved]


def whole_clusters(person: Person, offered: Collection[str]) -> list[Option]:
    """The clusters all of whose members are among the nodes that are offered."""
    found = visible_clusters(person).order_by("name")
    return [
        Option(one.id, one.name, "", ", ".join(member["name"] for member in one.members))
        for one in found
        if one.members and set(one.member_ids) <= set(offered)
    ]


def outside(person: Person) -> list[Option]:
    """The enrolled nodes that are in no cluster."""
    nodes = visible_nodes(person).filter(enrolled_at__isnull=False, cluster=None)
    return _as_options(nodes.select_related("data_centre").order_by("data_centre__name", "name"))


def inside(person: Person, cluster: str) -> list[Option]:
    """The members of a cluster, in their order."""
    found = visible_clusters(person).filter(pk=cluster).first()
    return _as_options(clusters.members_of(found)) if found is not None else []


def _as_options(nodes: Any) -> list[Option]:
    return [Option(node.id, node.name, node.data_centre.name) for node in nodes]


class InOrder(forms.MultiWidget):
    """A list to choose from for each place."""

    input_type = "in-order"

    def decompress(self, value: Any) -> list[str]:
        return list(value or ())


class MembersField(forms.MultiValueField):
    """Nodes in an order: one for each place, as many as wanted. Its value is the members of parameters."""

    def __init__(self, options: list[Option], *, least: int, all_of_them: bool) -> None:
        self.least, self.all_of_them = least, all_of_them
        self.nodes = {one.id: one for one in options}
        choices = [("", "–"), *((one.id, f"{one.name}, {one.group}") for one in options)]
        places = [forms.ChoiceField(choices=choices, required=False) for _one in options[:MOST_MEMBERS]]
        widgets = [
            forms.Select(choices=choices, attrs={"aria-label": _("Member %(n)d") % {"n": number}})
            for number, _one in enumerate(places, start=1)
        ]
        super().__init__(
            places,
            widget=InOrder(widgets),
            require_all_fields=False,
            required=False,
            label=_("Members, in their order"),
            help_text=_(
                "In failover the first serves, and the others stand by in this order. Active/active, each "
                "serves."
            )
            if len(options) >= least
            else _("Fewer than two HSMs are enrolled and in no cluster: enrol another first."),
            initial=[one.id for one in options] if all_of_them else [],
        )

    def compress(self, data_list: list[str]) -> list[str]:
        return [one for one in data_list if one]

    def clean(self, value: Any) -> list[dict[str, Any]]:
        """The members, with the identities that they are known by."""
        chosen = super().clean(value) or []
        if len(set(chosen)) != len(chosen):
            raise forms.ValidationError(_("An HSM stands twice. Choose each once."))
        if len(chosen) < self.least or (self.all_of_them and len(chosen) < len(self.nodes)):
            raise forms.ValidationError(
                _("Give every member its place.") if self.all_of_them else _("Choose at least two HSMs.")
            )
        known = Node.objects.in_bulk(chosen)
        return [_member(known[one]) for one in chosen]


class PendingField(forms.ChoiceField):
    """A change of a cluster that a zone is asked to agree to; its value is the parameters it gives."""

    def __init__(self, person: Person, zone: str) -> None:
        self._found = dict(pending_for(person, zone))
        super().__init__(
            label=_("What it agrees to"),
            choices=[*([] if len(self._found) == 1 else [("", "–")]), *self._choices()],
            help_text=_("Changes that the provider has proposed, of clusters of an HSM that holds the zone.")
            if self._found
            else _("No change of a cluster of an HSM that holds this zone waits for its agreement."),
            error_messages={
                "required": _("Choose one. If there is none, nothing is asked of this zone."),
                "invalid_choice": _("This change is not under way any more. Look again."),
            },
        )

    def clean(self, value: Any) -> dict[str, Any]:
        return self._found[super().clean(value)]

    def _choices(self) -> list[tuple[str, str]]:
        said = {"form": _("forms"), "join": _("joins"), "leave": _("leaves")}
        return [
            (key, f"{one['node']['name']} {said[one['change']]} {one['cluster']['name']}")
            for key, one in self._found.items()
        ]


def pending_for(person: Person, zone: str) -> list[tuple[str, dict[str, Any]]]:
    """The parameters of each agreement that nobody has asked a zone for yet, under a key of their own."""
    found = access.visible_zones(person).select_related("service").filter(pk=zone).first()
    if found is None:
        return []
    there = {slot.node_id: slot.node for slot in Slot.objects.filter(zone=zone).select_related("node")}
    asked_for = [
        one.document.parameters
        for one in Proposal.objects.filter(zone=zone, operation=tags.AGREE_TO_CLUSTER).exclude(
            state__in=[State.DRAFT, *GIVEN_UP]
        )
    ]
    wanted = []
    for proposal in clusters.pending(found.service.provider_id).filter(operation__in=WHAT):
        parameters, change = proposal.document.parameters, WHAT[proposal.operation]
        concerned = {
            "form": [one["node"]["id"] for one in parameters["members"]],
            "join": [parameters.get("joined", {}).get("id")],
            "leave": [parameters.get("left", {}).get("id")],
        }[change]
        for node in (there[one] for one in concerned if one in there):
            asked = {name: parameters[name] for name in ("cluster", "mode", "members")} | {
                "node": node.named().model_dump(),
                "change": change,
                "revision": parameters.get("revision", 1),
                "succeeds": parameters.get("succeeds"),
            }
            if not any(all(one.get(name) == asked[name] for name in SAME) for one in asked_for):
                wanted.append((f"{proposal.pk}-{node.pk}", asked))
    return wanted


def _member(node: Node) -> dict[str, Any]:
    return {"node": node.named().model_dump(), "identity": node.identity_hash}


def _cluster(chosen: Chosen) -> Cluster:
    return Cluster.objects.get(pk=chosen["cluster"]["id"])


def _current(chosen: Chosen, *, but: str = "") -> list[dict[str, Any]]:
    """The members as the cluster has them."""
    return [
        {"node": {"id": one["id"], "name": one["name"]}, "identity": one["identity"]}
        for one in _cluster(chosen).members
        if one["id"] != but
    ]


def _with_newcomer(chosen: Chosen) -> list[dict[str, Any]]:
    return [*_current(chosen), _member(Node.objects.get(pk=chosen["joined"]["id"]))]


DERIVED = {
    **{
        (tag, name): derive
        for tag in (tags.JOIN_CLUSTER, tags.LEAVE_CLUSTER, tags.CHANGE_MODE)
        for name, derive in (
            ("revision", lambda chosen: _cluster(chosen).revision + 1),
            ("succeeds", lambda chosen: _cluster(chosen).state),
        )
    },
    (tags.JOIN_CLUSTER, "mode"): lambda chosen: _cluster(chosen).mode,
    (tags.JOIN_CLUSTER, "members"): _with_newcomer,
    (tags.LEAVE_CLUSTER, "mode"): lambda chosen: _cluster(chosen).mode,
    (tags.LEAVE_CLUSTER, "members"): lambda chosen: _current(chosen, but=chosen["left"]["id"]),
}
"""What follows from the cluster and the node that are chosen."""


def nodes_of(tag: str, parameters: Chosen) -> list[str]:
    """The nodes that such an operation is for, by their ids, in the order in which it begins."""
    if tag == tags.AGREE_TO_CLUSTER:
        return [parameters["node"]["id"]]
    members = [one["node"]["id"] for one in parameters["members"]]
    match tag:
        case tags.JOIN_CLUSTER:
            newcomer = parameters["joined"]["id"]
            first, *others = [one for one in members if one != newcomer]
            return [first, newcomer, *others]
        case tags.LEAVE_CLUSTER:
            leaver = parameters["left"]["id"]
            return members if is_lost(Node.objects.get(pk=leaver)) and members else [leaver, *members]
        case tags.CHANGE_MODE:
            return _cluster(parameters).member_ids
        case _:
            return members


def is_lost(node: Node) -> bool:
    """Whether nothing was heard of a node for so long that those that stay go on without asking it."""
    return node.last_seen_at is None or (clock.now() - node.last_seen_at).total_seconds() > LOST_AFTER
