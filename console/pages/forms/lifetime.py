"""What every proposal asks beside its parameters: why, and how long it may wait for signatures."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from console.pages.forms.fields import readable
from hsmnodes.node.protocol.documents.base import REASON_MAX

LIFETIMES = [
    (3_600, _("1 hour")),
    (86_400, _("1 day")),
    (3 * 86_400, _("3 days")),
    (7 * 86_400, _("7 days, the longest there is")),
]


class ReasonField(forms.CharField):
    """Why: part of what everyone signs, so it is one paragraph of plain text."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            label=_("Reason"),
            max_length=REASON_MAX,
            widget=forms.Textarea(attrs={"rows": 3}),
            help_text=_("Everyone who signs reads this, and it stays in the record. Say what it is for."),
            error_messages={"required": _("Say why. Those who sign need it to decide.")},
            **options,
        )

    def to_python(self, value: Any) -> str:
        """The text with line breaks and repeated spaces as single spaces."""
        text = " ".join(str(super().to_python(value)).split())
        readable(text)
        return text
