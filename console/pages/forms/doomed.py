"""Choosing keys to destroy: by ticking them in the list of the zone's living keys."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from hsmnodes.models import Key
from tenants import access
from tenants.models import Person


class DoomedKeysField(forms.MultipleChoiceField):
    """The keys of a zone, by id; its value is what the operation wants: id and label of each."""

    def __init__(self, person: Person, zone: str) -> None:
        self.keys = {
            key.id: key
            for key in Key.objects.filter(
                zone__in=access.visible_zones(person).filter(pk=zone), destroyed_at=None
            ).order_by("label")
        }
        super().__init__(
            label=_("Keys to destroy"),
            choices=[(key.id, f"{key.label} ({key.algorithm})") for key in self.keys.values()],
            widget=forms.CheckboxSelectMultiple,
            help_text=_("A destroyed key cannot be brought back, except from a backup."),
            error_messages={"required": _("Tick the keys to destroy.")},
        )

    def clean(self, value: Any) -> list[dict[str, str]]:
        """The chosen keys with the labels they have."""
        return [{"id": one, "label": self.keys[one].label} for one in super().clean(value)]
