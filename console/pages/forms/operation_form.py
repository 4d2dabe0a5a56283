"""The form of an operation, made from its parameters: what people choose or type; the rest is derived."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from pydantic import ValidationError

from console.pages.forms import sources
from console.pages.forms.admitting import REQUESTED, AdmittedKeysField, RequestField
from console.pages.forms.custodians import CustodiansField
from console.pages.forms.derived import DERIVED, Missing
from console.pages.forms.doomed import BackedUpKeysField, DoomedKeysField, RotatedKeysField
from console.pages.forms.fields import form_field
from console.pages.forms.hints import hint
from console.pages.forms.lifetime import LIFETIMES, ReasonField
from console.pages.forms.picking import list_those_of
from console.pages.forms.rows import ParameterRows
from console.pages.forms.where import WHERE, NodesField
from hsmnodes.node.operations.base import Operation
from hsmnodes.node.operations.fields import FieldTree, field_trees
from hsmnodes.node.protocol import canonical
from tenants import tags
from tenants.identifiers import new_id
from tenants.models import Person

CHOOSE = ("", "–")
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
        tags.DESTROY_KEYS,
        tags.DRILL_BACKUP_KEY,
        tags.EXTEND_ZONE,
        tags.GENERATE_KEYS,
        tags.REMOVE_APPLICATION,
        tags.RESHARE_BACKUP_KEY,
        tags.ROTATE_BACKUP_KEY,
        tags.ROTATE_KEYS,
        tags.SHARE_BACKUP_KEY,
        tags.TAKE_BACKUP,
        tags.WITHDRAW_ZONE,
    }
)


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
        for tree in sorted(self.trees, key=lambda one: one["name"] != "zone"):
            self._add(tree)
        if operation.nodes and not operation.node_fields:
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
    def asks_zone_first(self) -> bool:
        """Whether the rest can be asked only when one of several zones is chosen."""
        return self.operation.tag in LISTED_BY_ZONE and len(self.fields["zone"].names) > 1

    @property
    def node_ids(self) -> list[str]:
        """The nodes that are to act, in their order."""
        if self.operation.node_fields:
            return [self.cleaned_data[name] for name in self.operation.node_fields]
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

    def _add(self, tree: FieldTree) -> None:
        tag, name = self.operation.tag, tree["name"]
        if (tag, name) in DERIVED:
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

    def _of_zone(self, tag: str, name: str) -> forms.Field | None:
        """The field for what is chosen from a list of the zone's own things."""
        if (tag, name) == (tags.REMOVE_APPLICATION, "application"):
            return self._selector(_("Application"), sources.application_options(self.person, self._zone))
        field = CustodiansField if name == "custodians" else LISTS.get((tag, name))
        return None if field is None else field(self.person, self._zone)

    def _where(self) -> forms.Field:
        """Which node is to act, or which of them, where there are several and all can."""
        zone = self._zone if "zone" in self.fields else ""
        options = sources.node_options(self.person, self.operation.tag, zone)
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

    def _narrowed(self, zones: list[sources.Option]) -> list[sources.Option]:
        """The zone that was chosen on the page before, alone; all while none is."""
        chosen = [zone for zone in zones if zone.id == self.chosen("zone")]
        self.has_other_zones = bool(chosen) and len(zones) > 1
        return chosen or zones

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
        chosen: dict[str, Any] = {**self.cleaned_data.get(REQUEST, {})}
        rows = {one.name: one for one in self.rows}
        for tree in self.trees:
            name = tree["name"]
            if name in rows:
                chosen[name] = rows[name].values()
            elif name in self.fields:
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
