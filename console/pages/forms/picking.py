"""Choosing some of many things by ticking them, on a page that stays small: the rest is found by its name."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _

MOST_LISTED = 100


class PickingField(forms.MultipleChoiceField):
    """Any of `options` (value: label), `most` at once, of which only some are listed where there are many.

    What is not listed is accepted all the same, as from somebody whose list was another.
    """

    def __init__(self, options: Mapping[str, str], *, most: int | None = None, **more: Any) -> None:
        super().__init__(widget=forms.CheckboxSelectMultiple, **more)
        self.most = most
        self.options = dict(options)
        self.has_more = len(self.options) > MOST_LISTED
        self.list_those(self.initial or ())

    def list_those(self, ticked: Iterable[str], find: str = "") -> None:
        """List what is ticked, and of the others the first whose label has `find` in it."""
        self.find = find.strip()[:80]
        chosen = dict.fromkeys(one for one in ticked if one in self.options)
        wanted = self.find.casefold()
        fitting = [
            one for one, label in self.options.items() if one not in chosen and wanted in label.casefold()
        ]
        self.not_listed = max(len(fitting) - MOST_LISTED, 0)
        self.choices = [(one, self.options[one]) for one in (*chosen, *fitting[:MOST_LISTED])]

    def validate(self, value: Any) -> None:
        super().validate(value)
        if self.most is not None and len(value) > self.most:
            raise forms.ValidationError(
                _("One proposal names at most %(most)d of them, and %(n)d are ticked. Untick some."),
                params={"most": self.most, "n": len(value)},
            )

    def valid_value(self, value: Any) -> bool:
        """Whether it is one of all the options."""
        return str(value) in self.options


def list_those_of(form: forms.Form) -> None:
    """Have each such field of a form list what is ticked and looked for in it."""
    for name, field in form.fields.items():
        if isinstance(field, PickingField):
            sent = form.data if form.is_bound else form.initial
            ticked = form.data.getlist(name) if form.is_bound else form.get_initial_for_field(field, name)
            field.list_those(
                [ticked] if isinstance(ticked, str) else ticked or (), str(sent.get(f"{name}-find", ""))
            )


def as_initial(form: forms.Form) -> dict[str, Any]:
    """What was sent to a form so far, to show it again without judging it."""
    ticked = {
        name: form.data.getlist(name)
        for name, field in form.fields.items()
        if isinstance(field, PickingField)
    }
    return form.data.dict() | ticked
