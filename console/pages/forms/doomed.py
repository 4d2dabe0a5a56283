"""Choosing keys to destroy or back up: by ticking them in the list of the zone's living keys."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from hsmnodes.models import Key
from tenants import access
from tenants.models import Person


class LivingKeysField(forms.MultipleChoiceField):
    """Keys of a zone, by id; its value is what operations want: id and label of each."""

    def __init__(self, person: Person, zone: str, **options: Any) -> None:
        self.keys = {
            key.id: key
            for key in Key.objects.filter(
                zone__in=access.visible_zones(person).filter(pk=zone), destroyed_at=None
            ).order_by("label")
        }
        super().__init__(
            choices=[(key.id, f"{key.label} ({key.algorithm})") for key in self.keys.values()],
            widget=forms.CheckboxSelectMultiple,
            **options,
        )

    def clean(self, value: Any) -> list[dict[str, str]]:
        """The chosen keys with the labels they have."""
        return [{"id": one, "label": self.keys[one].label} for one in super().clean(value)]


class DoomedKeysField(LivingKeysField):
    """The keys to be destroyed."""

    def __init__(self, person: Person, zone: str) -> None:
        super().__init__(
            person,
            zone,
            label=_("Keys to destroy"),
            help_text=_("A destroyed key cannot be brought back, except from a backup."),
            error_messages={"required": _("Tick the keys to destroy.")},
        )


class BackedUpKeysField(LivingKeysField):
    """The keys to be backed up; none, if it is to be all of them."""

    def __init__(self, person: Person, zone: str) -> None:
        super().__init__(
            person,
            zone,
            required=False,
            label=_("Only these keys"),
            help_text=_("Tick none to back up every key that the zone has when this is carried out."),
        )
