"""Choosing keys to destroy, back up or rotate: by ticking them in the list of the zone's living keys."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext_lazy as _

from console.pages.forms.picking import PickingField
from hsmnodes import successors
from hsmnodes.models import Key
from hsmnodes.node.operations.backup.take import MOST_CHOSEN
from hsmnodes.node.operations.key.making import ALGORITHMS
from hsmnodes.node.operations.said import MOST_AT_ONCE
from tenants import access
from tenants.models import Person


class LivingKeysField(PickingField):
    """Keys of a zone, by id; its value is what operations want: id and label of each."""

    def __init__(
        self, person: Person, zone: str, *, keys: Iterable[Key] | None = None, **options: Any
    ) -> None:
        if not access.visible_zones(person).filter(pk=zone).exists():
            keys = ()
        elif keys is None:
            keys = Key.objects.filter(zone=zone, destroyed_at=None).order_by("label")
        self.keys = {key.id: key for key in keys}
        super().__init__(
            {
                key.id: f"{key.label} ({ALGORITHMS.get(key.algorithm, key.algorithm)})"
                for key in self.keys.values()
            },
            **options,
        )

    def clean(self, value: Any) -> list[dict[str, Any]]:
        """The chosen keys with the labels they have."""
        return [{"id": one, "label": self.keys[one].label} for one in super().clean(value)]


class DoomedKeysField(LivingKeysField):
    """The keys to be destroyed."""

    def __init__(self, person: Person, zone: str) -> None:
        super().__init__(
            person,
            zone,
            most=MOST_AT_ONCE,
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
            most=MOST_CHOSEN,
            required=False,
            label=_("Only these keys"),
            help_text=_("Tick none to back up every key that the zone has when this is carried out."),
        )


class RotatedKeysField(LivingKeysField):
    """The keys in whose place new ones are made; ticked are those that holders of retired shares could reach.

    Its value is a new key for each: of the same kind, for the same usages, under the next label.
    """

    def __init__(self, person: Person, zone: str) -> None:
        reachable = successors.reachable(zone).order_by("label").values_list("pk", flat=True)
        super().__init__(
            person,
            zone,
            keys=successors.replaceable(zone).order_by("label"),
            initial=list(reachable[:MOST_AT_ONCE]),
            most=MOST_AT_ONCE,
            label=_("Keys to rotate"),
            help_text=_(
                "Ticked are those that were backed up under a backup key that is retired. A new key is made "
                "in the place of each: after “payments” comes “payments v2”. At most "
                "%(n)d are named in a proposal."
            )
            % {"n": MOST_AT_ONCE},
            error_messages={"required": _("Tick the keys to rotate.")},
        )

    def clean(self, value: Any) -> list[dict[str, Any]]:
        """A new key in the place of each that is chosen."""
        chosen = [self.keys[one["id"]] for one in super().clean(value)]
        taken = set(
            Key.objects.filter(zone__in={key.zone_id for key in chosen}).values_list("label", flat=True)
        )
        wanted = []
        for key in chosen:
            label = successors.next_label(key.label, taken)
            taken.add(label)
            wanted.append(
                {
                    "label": label,
                    "algorithm": key.algorithm,
                    "usages": sorted(key.usages),
                    "replaces": {"id": key.id, "name": key.label},
                }
            )
        return wanted
