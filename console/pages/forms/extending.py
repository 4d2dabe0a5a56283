"""Extending an application to further HSMs: they are ticked, and everything else is as it was admitted."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from console.pages.forms.sources import Option
from hsmnodes.models import Application, Key

AS_ADMITTED = ("public_key", "certificate", "valid_from", "valid_until", "sealing_key")


class FurtherNodesField(forms.MultipleChoiceField):
    """The further HSMs, each with its name."""

    def __init__(self, options: list[Option]) -> None:
        self.names = {one.id: one.name for one in options}
        super().__init__(
            label=_("On which further HSMs"),
            choices=[(one.id, one.label) for one in options],
            initial=[one.id for one in options],
            widget=forms.CheckboxSelectMultiple,
            help_text=_(
                "Each makes its token from its own copy of the keys, with the same PIN. The HSMs that serve "
                "it already sign new connection kits, which name them all; its sessions there go on."
            )
            if options
            else _("Every HSM of this zone that serves applications serves this one."),
            error_messages={"required": _("Tick at least one.")},
        )

    def clean(self, value: Any) -> list[dict[str, str]]:
        """Each with its id and name."""
        return [{"id": one, "name": self.names[one]} for one in super().clean(value)]


def as_admitted(name: str) -> Any:
    """How a parameter of the application follows from its admission."""
    return lambda chosen: _application(chosen).proposal.document.parameters[name]


def keys_that_are_left(chosen: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The keys it was admitted to that were not destroyed, in the same order."""
    admitted = _application(chosen).proposal.document.parameters["keys"]
    living = Key.objects.filter(pk__in=[key["id"] for key in admitted], destroyed_at=None)
    left = set(living.values_list("pk", flat=True))
    return [key for key in admitted if key["id"] in left]


def serving(application: str) -> list[str]:
    """The ids of the nodes that serve an application, in the order in which it came there."""
    tokens = Application.objects.get(pk=application).tokens.filter(removed_at=None).order_by("pk")
    return list(tokens.values_list("slot__node", flat=True))


def _application(chosen: Mapping[str, Any]) -> Application:
    return Application.objects.select_related("proposal").get(pk=chosen["application"]["id"])
