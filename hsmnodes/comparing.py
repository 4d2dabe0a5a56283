"""Whether the HSMs of a zone have the same keys: by what each of them signed last, and by their receipts.

Each node says in its heartbeats how many keys of a zone it has, with the digest over them; the console knows
from receipts which they should be. Where nodes differ, the receipts tell in what.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from hsmnodes.models import Key, KeyCopy, Slot
from hsmnodes.node.operations.zone.inventory import KeyLine, digest_of
from tenants.models import TrustZone


@dataclass(frozen=True)
class Said:
    """What a node said of a zone: how many keys, their digest, its backup key, and when it said so."""

    keys: int
    digest: str
    epoch: int
    kcv: str
    at: datetime


@dataclass(frozen=True)
class Member:
    """One HSM of a zone. `expected` is the digest over the keys that its receipts speak of.

    `missing` are keys that others have by their receipts, and this one has not.
    """

    slot: Slot
    said: Said | None
    keys: int
    expected: str
    missing: tuple[Key, ...]

    @property
    def as_receipts_say(self) -> bool:
        """Whether it says that it has just the keys that its receipts speak of."""
        return self.said is not None and self.said.digest == self.expected


@dataclass(frozen=True)
class Comparison:
    """The HSMs of a zone beside each other."""

    zone: TrustZone
    members: tuple[Member, ...]

    @property
    def in_step(self) -> bool:
        """Whether all say the same, and what their receipts say."""
        said = {(one.said.digest, one.said.epoch, one.said.kcv) if one.said else None for one in self.members}
        return len(said) == 1 and all(one.as_receipts_say for one in self.members)

    @property
    def may_be_in_step(self) -> bool:
        """Whether nothing speaks against it but that some have not said yet what they have."""
        spoken = tuple(one for one in self.members if one.said is not None)
        heard = not spoken or Comparison(self.zone, spoken).in_step
        return bool(self.silent) and heard and not any(one.missing for one in self.members)

    @property
    def silent(self) -> tuple[Member, ...]:
        """Those of which nothing was heard of this zone."""
        return tuple(one for one in self.members if one.said is None)

    @property
    def otherwise(self) -> tuple[Member, ...]:
        """Those that say they have other keys than their receipts speak of."""
        return tuple(one for one in self.members if one.said is not None and not one.as_receipts_say)

    @property
    def backup_keys(self) -> tuple[tuple[int, str], ...]:
        """The epochs and check values of the backup keys that they say they are under."""
        return tuple(sorted({(one.said.epoch, one.said.kcv) for one in self.members if one.said}))


def compare(zone: TrustZone) -> Comparison:
    """The HSMs of a zone as they are now known."""
    slots = list(zone.zone_slots.select_related("node__data_centre").order_by("node__name", "pk"))
    held = _keys_by_slot(slots)
    everything = {key.pk: key for keys in held.values() for key in keys}
    return Comparison(
        zone,
        tuple(
            Member(
                slot=slot,
                said=_said(slot),
                keys=len(held[slot.pk]),
                expected=digest_of(_lines(held[slot.pk])),
                missing=_missing(everything.values(), held[slot.pk]),
            )
            for slot in slots
        ),
    )


def _keys_by_slot(slots: Sequence[Slot]) -> dict[str, list[Key]]:
    held: dict[str, list[Key]] = defaultdict(list)
    for copy in KeyCopy.objects.filter(slot__in=slots, gone_at=None).select_related("key"):
        held[copy.slot_id].append(copy.key)
    return held


def _lines(keys: Iterable[Key]) -> list[KeyLine]:
    return [(key.pk, key.label, key.algorithm) for key in keys]


def _missing(everything: Iterable[Key], here: Iterable[Key]) -> tuple[Key, ...]:
    ids = {key.pk for key in here}
    return tuple(sorted((key for key in everything if key.pk not in ids), key=lambda key: key.label))


def _said(slot: Slot) -> Said | None:
    for held in slot.node.zones_held:
        if held["id"] == slot.zone_id and slot.node.reported_at is not None:
            return Said(held["keys"], held["digest"], held["epoch"], held["kcv"], slot.node.reported_at)
    return None
