"""Where an operation is carried out: on one HSM, on those of a zone, or on those its parameters name."""

from django import forms
from django.utils.translation import gettext as _

from console.pages.forms.sources import Option

WHERE = "on_node"


class NodesField(forms.MultipleChoiceField):
    """Several nodes, the first of which acts first; all of them, as long as nobody unticks one."""

    def __init__(self, options: list[Option], *, of_zone: bool) -> None:
        super().__init__(
            label=_("On which HSMs"),
            choices=[(one.id, one.label) for one in options],
            initial=[one.id for one in options] if of_zone else [],
            widget=forms.CheckboxSelectMultiple,
            help_text=_(
                "The first acts first. The others follow under the same warrant, each as soon as it can be "
                "reached. One that is left out is no longer in step with them."
            )
            if of_zone
            else _("It begins on each of them."),
            error_messages={"required": _("Tick at least one.")},
        )
