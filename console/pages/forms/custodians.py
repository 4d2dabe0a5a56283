"""Choosing custodians: those of the zone's charter in force, each by the share key of one of their tokens."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from console.pages.charter_view import kept_in_words
from hsmnodes.node.protocol.documents import Role
from tenants import access, charters
from tenants.models import Person


class CustodiansField(forms.MultipleChoiceField):
    """By share key; its value is what the operation wants: the person and the share key of each."""

    def __init__(self, person: Person, zone: str) -> None:
        visible = access.visible_zones(person).filter(pk=zone).exists()
        charter = charters.in_force([zone]).get(zone) if visible else None
        self.holders = {
            token.share_key.stated.public_key: (one, token)
            for one in sorted(charter.people if charter else (), key=lambda one: one.name)
            if Role.CUSTODIAN in one.roles
            for token in one.tokens
            if token.share_key is not None
        }
        super().__init__(
            label=_("Custodians"),
            choices=[
                (
                    key,
                    f"{one.name}, {one.organisation.name} – {token.label}, {kept_in_words(token.share_key)}",
                )
                for key, (one, token) in self.holders.items()
            ],
            widget=forms.CheckboxSelectMultiple,
            help_text=_(
                "People are listed once the zone's charter makes them custodians and admits a share key of "
                "theirs, which they make in their settings. One share each."
            ),
            error_messages={
                "required": _("Tick at least two custodians."),
            },
        )

    def clean(self, value: Any) -> list[dict[str, Any]]:
        """The chosen custodians with the share key of each. Raises ValidationError for a person twice."""
        chosen = [(key, self.holders[key][0]) for key in super().clean(value)]
        if len({one.id for _key, one in chosen}) != len(chosen):
            raise forms.ValidationError(_("One person holds one share: choose one token of each."))
        return [{"person": {"id": one.id, "name": one.name}, "share_key": key} for key, one in chosen]
