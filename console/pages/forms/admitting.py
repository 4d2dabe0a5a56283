"""Admitting an application: by what its own command wrote, and by ticking what it may do with each key."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from console.pages import wording
from console.pages.forms.picking import PickingField
from console.pages.forms.where import WHERE
from hsmnodes.models import Application, Key
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.applications import read_certificate
from hsmnodes.node.protocol.documents.base import NAME_MAX
from hsmnodes.node.protocol.errors import Refused
from tenants import access
from tenants.identifiers import new_id
from tenants.models import Person

REQUESTED = ("public_key", "certificate", "valid_from", "valid_until", "sealing_key")
"""The parameters that come from the application's request."""
ABOUT = frozenset({"type", "name", *REQUESTED})
LONGEST = 10_000


class RequestField(forms.CharField):
    """The text of request.json; its value is the parameters that it gives, with the application."""

    def __init__(self) -> None:
        super().__init__(
            label=_("The application's request"),
            help_text=_(
                "The content of request.json, which quorate-connect wrote where the application runs. Who "
                "signs compares the words of its keys with whoever made it."
            ),
            max_length=LONGEST,
            widget=forms.Textarea(attrs={"rows": 6, "class": "mono", "spellcheck": "false"}),
            error_messages={"required": _("Paste the content of request.json.")},
        )

    def clean(self, value: Any) -> dict[str, Any]:
        """The parameters. Raises ValidationError if it is not such a request, or contradicts itself."""
        text = super().clean(value)
        try:
            request = json.loads(text)
            known = set(request) == ABOUT and request["type"] == "quorate/application-request/v1"
            certificate = read_certificate(canonical.b64u_decode(request["certificate"])) if known else None
        except Refused as refused:
            raise forms.ValidationError(refused.message) from None
        except (ValueError, TypeError):
            certificate = None
        if certificate is None:
            raise forms.ValidationError(_("This is not what quorate-connect writes."))
        stated = (request["public_key"], request["valid_from"], request["valid_until"])
        if stated != (certificate.public_key, certificate.not_before, certificate.not_after):
            raise forms.ValidationError(_("What it says of its certificate is not so."))
        named = {"id": new_id(), "name": request["name"]}
        return {"application": named, **{name: request[name] for name in REQUESTED}}


class AdmittedKeysField(PickingField):
    """What an application may do with which living key of a zone: a box for each key and usage."""

    def __init__(self, person: Person, zone: str) -> None:
        visible = access.visible_zones(person).filter(pk=zone)
        self.keys = {
            key.id: key for key in Key.objects.filter(zone__in=visible, destroyed_at=None).order_by("label")
        }
        super().__init__(
            {
                f"{key.id} {usage}": f"{usage} – {key.label} ({wording.algorithm(key.algorithm)})"
                for key in self.keys.values()
                for usage in key.usages
            },
            label=_("What it may do"),
            help_text=_("Of every other key, and every other use of these, it will see nothing."),
            error_messages={"required": _("Tick what it may do.")},
        )

    def clean(self, value: Any) -> list[dict[str, Any]]:
        """The keys with their labels and the ticked usages."""
        ticked: dict[str, list[str]] = {}
        for one in super().clean(value):
            key, _space, usage = one.partition(" ")
            ticked.setdefault(key, []).append(usage)
        return [
            {"id": key, "label": self.keys[key].label, "usages": sorted(usages)}
            for key, usages in ticked.items()
        ]


def ticked(keys: Iterable[Mapping[str, Any]]) -> list[str]:
    """The boxes for what an application may do with keys, as a proposal or a receipt has them."""
    return [f"{key['id']} {usage}" for key in keys for usage in key["usages"]]


def as_before(application: Application) -> dict[str, Any]:
    """What the form begins with where one of `visible_applications` is to be admitted anew.

    Its name was used; the next has a number.
    """
    stem, space, number = application.name.rpartition(" ")
    counted = bool(space) and number.isdecimal()
    name = f"{stem} {int(number) + 1}" if counted else f"{application.name} 2"
    living = set(Key.objects.filter(zone=application.zone_id, destroyed_at=None).values_list("pk", flat=True))
    return {
        "application": name[:NAME_MAX],
        "keys": ticked(key for key in application.keys if key["id"] in living),
        WHERE: [token.slot.node_id for token in application.living],
    }
