"""Forms about a backup: uploading one, and proposing what is to be done with one that there is."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from console.pages.forms.lifetime import LIFETIMES, ReasonField
from console.pages.forms.picking import PickingField, list_those_of
from hsmnodes.models import Backup, Slot
from hsmnodes.node.operations.backup.restore import MOST_AT_ONCE
from hsmnodes.node.operations.key.making import ALGORITHMS
from hsmnodes.node.protocol.documents import BackedUpKey
from hsmnodes.node.protocol.documents.backups import LONGEST_BACKUP
from hsmnodes.node.protocol.documents.base import NAME_MAX

EXISTING = [
    ("skip", gettext_lazy("Leave them as they are")),
    ("replace", gettext_lazy("Replace them by those of the backup")),
]


class UploadForm(forms.Form):
    """The file of a backup."""

    use_required_attribute = False
    template_name = "console/parts/form.html"

    file = forms.FileField(
        label=gettext_lazy("File of a backup"),
        help_text=gettext_lazy("It is verified before it is stored: structure, signature, zone, every blob."),
        error_messages={"required": gettext_lazy("Choose the file.")},
    )

    def clean_file(self) -> bytes:
        """The bytes of the file, if it is not too long to be a backup."""
        given = self.cleaned_data["file"]
        if given.size > LONGEST_BACKUP:
            raise forms.ValidationError(_("This is too long for a backup."))
        data: bytes = given.read()
        return data


class VerifyForm(forms.Form):
    """Where a backup is to be verified, and why."""

    use_required_attribute = False
    template_name = "console/parts/form.html"

    def __init__(self, backup: Backup, data: Any = None) -> None:
        super().__init__(data)
        slots = Slot.objects.filter(zone=backup.zone_id).select_related("node").order_by("node__name")
        self.slots = {slot.node_id: slot for slot in slots if _has_key_of(slot, backup)}
        self.fields["on_node"] = forms.ChoiceField(
            label=_("On which HSM"),
            choices=[(node, slot.node.name) for node, slot in self.slots.items()],
            help_text=_("Only HSMs that have the backup key which opens it."),
            error_messages={"required": _("No HSM here has the backup key that opens this backup.")},
        )
        self.fields["reason"] = ReasonField()
        self.fields["lifetime"] = forms.TypedChoiceField(
            label=_("Open for signatures"), choices=LIFETIMES, coerce=int, initial=3 * 86_400
        )

    @property
    def slot(self) -> Slot | None:
        """The slot that is chosen, or else the first."""
        chosen = str((self.data if self.is_bound else self.initial).get("on_node") or "")
        return self.slots.get(chosen) or next(iter(self.slots.values()), None)


class RestoreForm(VerifyForm):
    """The same, and which keys; those that are there may be replaced."""

    def __init__(self, backup: Backup, keys: Sequence[BackedUpKey], data: Any = None) -> None:
        super().__init__(backup, data)
        self.fields["existing"] = forms.ChoiceField(
            label=_("Keys that are there already"), choices=EXISTING, initial="skip"
        )
        self.fields["keys"] = PickingField(
            {key.id: f"{key.label} ({ALGORITHMS.get(key.algorithm, key.algorithm)})" for key in keys},
            label=_("Only these keys"),
            required=False,
            help_text=_(
                "Tick none to restore all of them. One proposal names at most %(n)d: of more, the first that "
                "are missing are restored, and others by the next."
            )
            % {"n": MOST_AT_ONCE},
        )
        self._keys = keys
        self.fields["labelled"] = forms.CharField(
            label=_("Only keys with this in their label"),
            required=False,
            max_length=NAME_MAX,
            help_text=_("Of these all are restored, if none is ticked above."),
            widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        )
        self.order_fields(["keys", "labelled", "existing", "on_node", "reason", "lifetime"])
        list_those_of(self)

    @property
    def replaces(self) -> bool:
        """Whether keys that are there are to be replaced."""
        return (self.data if self.is_bound else self.initial).get("existing") == "replace"

    @property
    def only(self) -> set[str] | None:
        """The ids of the keys that are ticked, or else of those whose label fits; None for all."""
        if not self.is_bound:
            return None
        chosen, labelled = self.data.getlist("keys"), str(self.data.get("labelled", "")).strip().casefold()
        if chosen or not labelled:
            return set(chosen) or None
        return {key.id for key in self._keys if labelled in key.label.casefold()}


def _has_key_of(slot: Slot, backup: Backup) -> bool:
    key = slot.results.get("backup_key", {})
    return (slot.backup_key, key.get("epoch"), key.get("kcv")) == (
        backup.backup_key,
        backup.epoch,
        backup.kcv,
    )
