"""The form of an operation, made from its parameters: what people choose or type; the rest is derived."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from pydantic import ValidationError

from console.pages.forms import cluster_fields, sources
from console.pages.forms.admitting import REQUESTED, AdmittedKeysField, RequestField
from console.pages.forms.cluster_fields import PENDING, MembersField, PendingField
from console.pages.forms.custodians import CustodiansField
from console.pages.forms.derived import DERIVED, Missing
from console.pages.forms.doomed import BackedUpKeysField, DoomedKeysField, RotatedKeysField
from console.pages.forms.extending import FurtherNodesField, serving
from console.pages.forms.fields import form_field
from console.pages.forms.hints import hint
from console.pages.forms.lifetime import LIFETIMES, ReasonField
from console.pages.forms.picking import list_those_of
from console.pages.forms.rows import ParameterRows
from console.pages.forms.where import FURTHER, WHERE, NodesField
from hsmnodes.node.operations.base import Operation
from hsmnodes.node.operations.fields import FieldTree, field_trees
from hsmnodes.node.protocol import canonical
from tenants import access, tags
from tenants.identifiers import new_id
from tenants.models import Person

CHOOSE = ("", "–")
OF_ONE_APPLICATION = frozenset({tags.EXTEND_APPLICATION, tags.REMOVE_APPLICATION, tags.RESUME_APPLICATION})
REQUEST = "request"
LISTS = {
    (tags.ADMIT_APPLICATION, "keys"): AdmittedKeysField,
    (tags.DESTROY_KEYS, "keys"): DoomedKeysField,
    (tags.ROTATE_KEYS, "keys"): RotatedKeysField,
    (tags.TAKE_BACKUP, "keys"): BackedUpKeysField,
}
# What these ask for is listed by zone, so the zone is chosen on a page before.
LISTED_BY_ZONE = frozenset(
    {
        tags.ADMIT_APPLICATION,
        tags.AGREE_TO_CLUSTER,
        tags.DESTROY_KEYS,
        tags.DRILL_BACKUP_KEY,
        tags.EXTEND_APPLICATION,
        tags.EXTEND_ZONE,
        tags.GENERATE_KEYS,
        tags.REMOVE_APPLICATION,
        tags.RESHARE_BACKUP_KEY,
        tags.RESUME_APPLICATION,
        tags.ROTATE_BACKUP_KEY,
        tags.ROTATE_KEYS,
        tags.SHARE_BACKUP_KEY,
        tags.TAKE_BACKUP,
        tags.WITHDRAW_ZONE,
    }
)


# What these ask for is a cluster's own, so the cluster is chosen on a page before.
LISTED_BY_CLUSTER = frozenset({tags.CHANGE_MODE, tags.LEAVE_CLUSTER})
OF_CLUSTERS = frozenset({*tags.CHANGE_CLUSTERS, tags.AGREE_TO_CLUSTER})


class OperationForm(forms.Form):
    """A form for one operation; after `is_valid()`, `parameters` are those of the proposal."""

    use_required_attribute = False
    template_name = "console/parts/form.html"

    def __init__(
        self,
        operation: Operation[Any],
        person: Person,
        data: Mapping[str, Any] | None = None,
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        self.operation, self.person = operation, person
        self.trees = field_trees(operation.parameters)
        self.parameters: dict[str, Any] = {}
        self.rows: list[ParameterRows] = []
        self.has_other_zones = False
        super().__init__(data, initial=dict(initial or {}))
        # What else there is to choose is listed by zone, so the zone is asked for first.
        for tree in sorted(self.trees, key=lambda one: one["name"] not in ("zone", "cluster")):
            self._add(tree)
        named = operation.node_fields or operation.tag in FURTHER | OF_CLUSTERS
        if operation.nodes and not named:
            self.fields[WHERE] = self._where()
        self.fields["reason"] = ReasonField()
        self.fields["lifetime"] = forms.TypedChoiceField(
            label=_("Open for signatures"), choices=LIFETIMES, coerce=int, initial=3 * 86_400
        )
        list_those_of(self)

    def chosen(self, name: str) -> str:
        """What is chosen for a field so far, valid or not."""
        return str((self.data if self.is_bound else self.initial).get(name) or "")

    @property
    def asks_first(self) -> forms.BoundField | None:
        """The field for the zone or the cluster, of which one must be chosen before the rest can be asked."""
        tag = self.operation.tag
        first = "zone" if tag in LISTED_BY_ZONE else "cluster" if tag in LISTED_BY_CLUSTER else ""
        return self[first] if first and len(self.fields[first].names) > 1 else None

    @property
    def node_ids(self) -> list[str]:
        """The nodes that are to act, in their order."""
        if self.operation.tag in OF_CLUSTERS:
            return cluster_fields.nodes_of(self.operation.tag, self.parameters)
        if self.operation.node_fields:
            return [self.cleaned_data[name] for name in self.operation.node_fields]
        if self.operation.tag in FURTHER:
            further = [one["id"] for one in self.cleaned_data["to"]]
            return [*serving(self.cleaned_data["application"]), *further]
        chosen = self.cleaned_data.get(WHERE, [])
        return [chosen] if isinstance(chosen, str) else list(chosen)

    @property
    def has_errors(self) -> bool:
        """Whether something has to be put right, in the fields or in a row."""
        return bool(self.errors) or any(form.errors for rows in self.rows for form in rows.forms)

    def is_valid(self) -> bool:
        """Whether it is complete, and the operation itself accepts what it says."""
        valid = super().is_valid()
        complete = [rows.is_valid() for rows in self.rows]
        if valid and all(complete) and not self.parameters:
            self._compose()
        return not self.has_errors

    @property
    def whole_clusters(self) -> list[sources.Option]:
        """The clusters of which all members can be ticked at once, where several nodes can be chosen."""
        field = self.fields.get(WHERE)
        if not isinstance(field, NodesField):
            return []
        offered = {value for value, _label in field.choices}
        return cluster_fields.whole_clusters(self.person, offered)

    def _add(self, tree: FieldTree) -> None:
        tag, name = self.operation.tag, tree["name"]
        if (tag, name) in DERIVED:
            return
        if tag in OF_CLUSTERS and self._add_of_cluster(tag, name, tree):
            return
        if tag == tags.ADMIT_APPLICATION and name in REQUESTED:
            self.fields.setdefault(REQUEST, RequestField())
        elif of_zone := self._of_zone(tag, name):
            self.fields[name] = of_zone
        elif tag in tags.CHANGE_CHARTERS and name == "charter":
            self.fields[name] = self._selector(
                _("New version"),
                sources.amendment_options(self.person),
                _("Every new token has to have signed it before this is proposed."),
            )
        elif (tag, name) == (tags.START_SERVICE, "service") and self._running:
            self.fields[name] = self._selector(tree["label"], self._running)
        elif name in self.operation.node_fields and name != "node":
            options = sources.moving_options(self.person, name, self._zone)
            self.fields[name] = self._hinted(tree, options)
        elif tree["kind"] == "list" and tree["item"]["kind"] == "group":
            self.rows.append(
                ParameterRows(tag, tree, self.data if self.is_bound else None, self.initial.get(name))
            )
        elif tree["kind"] == "named" and sources.is_chosen(tag, name):
            options = sources.options(self.person, tag, name)
            if tag in LISTED_BY_ZONE and name == "zone":
                options = self._narrowed(options)
            self.fields[name] = self._hinted(tree, options)
        else:
            self.fields[name] = form_field(tag, name, tree)
            if (tag, name) == (tags.ADMIT_APPLICATION, "application"):
                self.fields[name].required = False  # its request has a name, too

    def _add_of_cluster(self, tag: str, name: str, tree: FieldTree) -> bool:
        """Add the field for what is a cluster's own, if it is that."""
        if tag == tags.AGREE_TO_CLUSTER and name != "zone":
            if PENDING not in self.fields and "zone" in self.fields:
                self.fields[PENDING] = PendingField(self.person, self._zone)
        elif name == "members":
            changed = tag == tags.CHANGE_MODE
            options = self._members if changed else cluster_fields.outside(self.person)
            self.fields[name] = MembersField(options, least=1 if changed else 2, all_of_them=changed)
        elif name == "cluster" and tag != tags.FORM_CLUSTER:
            options = cluster_fields.cluster_options(self.person)
            if tag in LISTED_BY_CLUSTER:
                options = self._narrowed(options, "cluster")
            self.fields[name] = self._hinted(tree, options)
        elif name in ("joined", "left"):
            options = self._members if name == "left" else cluster_fields.outside(self.person)
            self.fields[name] = self._hinted(tree, options)
        else:
            return False
        return True

    @property
    def _members(self) -> list[sources.Option]:
        """The members of the cluster that is chosen, or the only one there is to choose."""
        options = list(self.fields["cluster"].names)
        chosen = self.chosen("cluster") or (options[0] if len(options) == 1 else "")
        return cluster_fields.inside(self.person, chosen)

    def _of_zone(self, tag: str, name: str) -> forms.Field | None:
        """The field for what is chosen from a list of the zone's own things."""
        if tag in OF_ONE_APPLICATION and name == "application":
            return self._selector(_("Application"), self._applications)
        if (tag, name) == (tags.EXTEND_APPLICATION, "to"):
            chosen = self.chosen("application") or next((one.id for one in self._applications), "")
            return FurtherNodesField(sources.further_options(self.person, chosen))
        field = CustodiansField if name == "custodians" else LISTS.get((tag, name))
        return None if field is None else field(self.person, self._zone)

    def _where(self) -> forms.Field:
        """Which node is to act, or which of them, where there are several and all can."""
        zone = self._zone if "zone" in self.fields else ""
        options = sources.node_options(self.person, self.operation.tag, zone)
        if self.operation.tag == tags.START_SERVICE and self._running:
            options = sources.without_service(options, self.chosen("service"))
        if self.operation.most_nodes > 1 and len(options) > 1:
            return NodesField(options, of_zone=bool(zone))
        listed = _("Only HSMs on which this can be done are listed.")
        none = hint(self.operation.tag, WHERE).none or _("There is no HSM yet on which this can be done.")
        return self._selector(_("On which HSM"), options, listed if options else none)

    def _hinted(self, tree: FieldTree, options: list[sources.Option]) -> forms.ChoiceField:
        """A selector with what is said beside it; where there is nothing to choose, what comes first."""
        said = hint(self.operation.tag, tree["name"])
        none = said.none or _("There is nothing here yet with which you could do this.")
        return self._selector(tree["label"], options, said.help if options else none)

    @property
    def _running(self) -> list[sources.Option]:
        """The service that is there and is to be started on further nodes, if that is what is asked for."""
        return [one for one in sources.service_options(self.person) if one.id == self.chosen("service")]

    @property
    def running_services(self) -> list[sources.Option]:
        """What runs already and could be started on further nodes, where a new service is asked for."""
        if self.operation.tag != tags.START_SERVICE or self._running:
            return []
        return sources.service_options(self.person)

    @property
    def service_to_start(self) -> str:
        """The zone's service, for who could have it started on a node to which the zone could then come."""
        if self.operation.tag != tags.EXTEND_ZONE or self.fields["receiver"].names:
            return ""
        zone = access.visible_zones(self.person).filter(
            pk=self._zone, service__provider=self.person.organisation
        )
        return zone.values_list("service", flat=True).first() or ""

    def _narrowed(self, options: list[sources.Option], name: str = "zone") -> list[sources.Option]:
        """The zone or cluster that was chosen on the page before, alone; all while none is."""
        chosen = [one for one in options if one.id == self.chosen(name)]
        self.has_other_zones = name == "zone" and bool(chosen) and len(options) > 1
        return chosen or options

    @property
    def _applications(self) -> list[sources.Option]:
        """Those of the zone; where more is asked about one that was chosen, that one alone."""
        found = sources.application_options(self.person, self._zone)
        chosen = [one for one in found if one.id == self.chosen("application")]
        return chosen if chosen and self.operation.tag in FURTHER else found

    @property
    def _zone(self) -> str:
        """The zone that is chosen, or the only one there is to choose."""
        options = list(self.fields["zone"].names)
        return self.chosen("zone") or (options[0] if len(options) == 1 else "")

    def _selector(self, label: str, options: list[sources.Option], help_text: str = "") -> forms.ChoiceField:
        groups: dict[str, list[tuple[str, str]]] = {}
        for option in options:
            groups.setdefault(option.group, []).append((option.id, option.label))
        choices: list[Any] = [CHOOSE] if len(options) != 1 else []
        for group, members in groups.items():
            choices += [(group, members)] if group and len(groups) > 1 else members
        field = forms.ChoiceField(
            label=label,
            choices=choices,
            help_text=help_text,
            error_messages={
                "required": _("Choose one. If the list is empty, there is nothing here yet that fits."),
                "invalid_choice": _("This one is not available here. Choose another."),
            },
        )
        field.names = {option.id: option.name for option in options}
        return field

    def _compose(self) -> None:
        """Put the parameters together, and let the operation itself judge them."""
        chosen: dict[str, Any] = {**self.cleaned_data.get(REQUEST, {}), **self.cleaned_data.get(PENDING, {})}
        rows = {one.name: one for one in self.rows}
        for tree in self.trees:
            name = tree["name"]
            if name in rows:
                chosen[name] = rows[name].values()
            elif name in self.fields and (self.cleaned_data[name] != "" or name not in chosen):
                chosen[name] = self._value(name, tree)
        try:
            for tree in self.trees:
                if derive := DERIVED.get((self.operation.tag, tree["name"])):
                    chosen[tree["name"]] = derive(chosen)
            self.operation.parameters.model_validate_json(canonical.encode(chosen))
        except Missing as missing:
            self.add_error(None, str(missing))
        except ValidationError as error:
            self._explain(error)
        self.parameters = chosen

    def _value(self, name: str, tree: FieldTree) -> Any:
        value = self.cleaned_data[name]
        if tree["kind"] != "named":
            return value
        names = getattr(self.fields[name], "names", None)
        if names is None:
            return {"id": new_id(), "name": value}
        return {"id": value, "name": names[value]}

    def _explain(self, error: ValidationError) -> None:
        """Each thing the operation refuses, beside the field it is about."""
        rows = {one.name: one for one in self.rows}
        for found in error.errors(include_url=False, include_context=False):
            message = str(found["msg"]).removeprefix("Value error, ").capitalize() + "."
            place = [str(step) for step in found["loc"]]
            if place and place[0] in rows and len(place) > 1:
                rows[place[0]].add_error(int(place[1]), place[2] if len(place) > 2 else None, message)
            else:
                self.add_error(place[0] if place and place[0] in self.fields else None, message)
