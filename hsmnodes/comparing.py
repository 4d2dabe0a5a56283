"""Whether the HSMs of a zone have the same keys: by what each of them signed last, and by their receipts.

Each node says in its heartbeats how many keys of a zone it has, with the digest over them; the console knows
from receipts which they should be, and keeps that digest with the slot, so that keys are read only where
they changed or nodes differ.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, QuerySet

from hsmnodes.models import Key, KeyCopy, Slot
from hsmnodes.node.operations.zone.inventory import KeyLine, digest_of
from tenants.models import TrustZone

SLOTS_AT_ONCE = 100


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
    bring_digests_up_to_date(slots)
    alike = len({slot.keys_digest for slot in slots}) < 2
    return Comparison(
        zone,
        tuple(
            Member(
                slot=slot,
                said=said_of(slot),
                keys=slot.keys_count,
                expected=slot.keys_digest,
                missing=() if alike else _missing(slots, slot),
            )
            for slot in slots
        ),
    )


def forget_digests(slots: QuerySet[Slot]) -> None:
    """What these slots hold changes in this transaction: the digest is to be made anew."""
    slots.update(keys_digest="", keys_version=F("keys_version") + 1)


def bring_digests_up_to_date(slots: Iterable[Slot]) -> None:
    """Have each of these slots know the digest over the keys that its receipts speak of.

    It is kept only if no receipt has changed the keys since the slot was read.
    """
    stale = [slot for slot in slots if not slot.keys_digest]
    for begin in range(0, len(stale), SLOTS_AT_ONCE):
        _bring_up_to_date({slot.pk: slot for slot in stale[begin : begin + SLOTS_AT_ONCE]})


def _bring_up_to_date(stale: Mapping[str, Slot]) -> None:
    lines: dict[str, list[KeyLine]] = defaultdict(list)
    copies = KeyCopy.objects.filter(slot__in=stale, gone_at=None).order_by()
    told = copies.values_list("slot_id", "key_id", "key__label", "key__algorithm")
    for slot_id, *line in told.iterator(chunk_size=2000):
        lines[slot_id].append((line[0], line[1], line[2]))
    for slot in stale.values():
        slot.keys_count, slot.keys_digest = len(lines[slot.pk]), digest_of(lines[slot.pk])
        Slot.objects.filter(pk=slot.pk, keys_version=slot.keys_version).update(
            keys_count=slot.keys_count, keys_digest=slot.keys_digest
        )


def _missing(slots: Iterable[Slot], here: Slot) -> tuple[Key, ...]:
    """The keys that others have and this one has not."""
    living = KeyCopy.objects.filter(gone_at=None)
    elsewhere = living.filter(slot__in=[slot.pk for slot in slots])
    found = Key.objects.filter(pk__in=elsewhere.values("key")).exclude(
        pk__in=living.filter(slot=here).values("key")
    )
    return tuple(found.order_by("label"))


def said_of(slot: Slot) -> Said | None:
    """What the node of a slot said last of its zone; None if it has not."""
    for held in slot.node.zones_held:
        if held["id"] == slot.zone_id and slot.node.reported_at is not None:
            return Said(held["keys"], held["digest"], held["epoch"], held["kcv"], slot.node.reported_at)
    return None
