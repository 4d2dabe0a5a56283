"""What a rule says beside its clauses, in a charter's form."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from hsmnodes.node.operations.statement.charter_texts import duration
from hsmnodes.node.protocol.documents import Rule
from hsmnodes.node.protocol.documents.base import NOTE_MAX, plain_text

HOUR, DAY = 3600, 86_400
DELAYS = (HOUR, 4 * HOUR, 12 * HOUR, DAY, 2 * DAY, 3 * DAY, 7 * DAY, 14 * DAY, 30 * DAY)
LIFETIMES = (HOUR, 4 * HOUR, 8 * HOUR, DAY, 2 * DAY, 3 * DAY, 7 * DAY)
NAMES = ("delay", "lifetime", "hours", "custodians_apart")


class RuleOptions(forms.Form):
    """A delay, a lifetime, hours, and for what `gathers` shares whether custodians are apart."""

    use_required_attribute = False

    def __init__(
        self, data: Mapping[str, Any] | None, *, prefix: str, before: Rule | None, gathers: bool
    ) -> None:
        initial = {name: getattr(before, name) for name in NAMES} if before else {}
        super().__init__(data, prefix=prefix, initial=initial)
        self.fields["delay"] = _seconds(
            _("Delay after the last signature"), DELAYS, initial.get("delay"), _("none: at once")
        )
        self.fields["lifetime"] = _seconds(
            _("A proposal lives for at most"), LIFETIMES, initial.get("lifetime"), _("no limit of its own")
        )
        self.fields["hours"] = forms.CharField(
            label=_("Hours, as advice"),
            required=False,
            max_length=NOTE_MAX,
            widget=forms.TextInput(attrs={"placeholder": _("Monday to Friday, 8:00 to 18:00 in Frankfurt")}),
            validators=[_readable],
        )
        if gathers or initial.get("custodians_apart"):
            self.fields["custodians_apart"] = forms.BooleanField(
                label=_("Who gives a share does not count as having approved it"), required=False
            )

    @property
    def says(self) -> dict[str, Any]:
        """The members of the rule, as the form shows them, sent or not; those that say nothing are None."""
        shown = self.cleaned_data if self.is_bound and self.is_valid() else self.initial
        return {name: shown.get(name) or None for name in NAMES}

    @property
    def says_more(self) -> bool:
        """Whether there is anything to be seen."""
        return any(self.says.values()) or bool(self.errors)


def _seconds(label: str, usual: Sequence[int], held: int | None, nothing: str) -> forms.TypedChoiceField:
    offered = sorted({*usual, *([held] if held else [])})
    return forms.TypedChoiceField(
        label=label,
        choices=[("", nothing), *((str(one), duration(one)) for one in offered)],
        coerce=int,
        empty_value=None,
        required=False,
    )


def _readable(text: str) -> None:
    try:
        plain_text(text)
    except ValueError as error:
        raise ValidationError(_("This cannot be read as it stands: %(why)s.") % {"why": error}) from None
