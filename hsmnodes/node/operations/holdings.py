"""What a node holds: its enrolment, services, slots and keys, and every name that was ever used.

It is never stored: the agent builds it from the journal, by the `record` of each operation that was done.
"""

from dataclasses import dataclass, field, replace
from typing import Literal

from hsmnodes.node.protocol.documents.base import Named
from hsmnodes.node.protocol.errors import ProposalRefused

Mode = Literal["exclusive", "shared"]


@dataclass(frozen=True)
class Service:
    """What a customer has on this node: a whole HSM, or slots of a shared one."""

    id: str
    name: str
    mode: Mode
    customer: Named


@dataclass(frozen=True)
class Slot:
    """The place of one Trust Zone on this node, under the backup key in force: its epoch, KCV and id."""

    id: str
    name: str
    zone: Named
    service: str
    backup_key: Literal["MBK", "TBK"]
    epoch: int
    kcv: str
    backup_key_id: str


@dataclass(frozen=True)
class Key:
    """A key of a zone; one that was destroyed keeps its name for ever.

    `proposal` is that by which it came about, wherever that was; `kcv` the check value of a secret key, if it
    is known.
    """

    id: str
    label: str
    zone: str
    algorithm: str
    destroyed: bool = False
    proposal: str = ""
    kcv: str | None = None


@dataclass(frozen=True)
class ShareHolder:
    """Who holds one share of a set, with which token, and the commitment to it."""

    index: int
    person: Named
    credential_id: str
    commitment: str


@dataclass(frozen=True)
class ShareSet:
    """The last share set of a zone's backup key: any `threshold` of its shares rebuild the key."""

    number: int
    epoch: int
    threshold: int
    commitment: str
    holders: tuple[ShareHolder, ...]


@dataclass
class Holdings:
    """Everything by its id. Names are compared without regard to case and are never given back.

    `proposal` is the one whose outcome is being noted.
    """

    enrolled: bool = False
    services: dict[str, Service] = field(default_factory=dict)
    slots: dict[str, Slot] = field(default_factory=dict)
    keys: dict[str, Key] = field(default_factory=dict)
    share_sets: dict[str, ShareSet] = field(default_factory=dict)
    proposal: str = ""
    _names: set[tuple[str, str]] = field(default_factory=set)

    def check_name_is_free(self, space: str, name: str, *, what: str) -> None:
        """Raise ProposalRefused if `name` was ever used in `space` (an id, or a word such as `slot`)."""
        if (space, name.casefold()) in self._names:
            raise ProposalRefused("name-in-use", f"The name {name} was already used for a {what} here.")

    def add_service(self, service: Service) -> None:
        """Note a service that was started."""
        self.services[service.id] = service
        self._names.add(("service", service.name.casefold()))

    def add_slot(self, slot: Slot, *, customer: str) -> None:
        """Note a slot that was made for a zone of `customer` (its id)."""
        self.slots[slot.zone.id] = slot
        self._names.add(("slot", slot.name.casefold()))
        self._names.add((customer, slot.zone.name.casefold()))

    def rotate(self, zone: str, *, epoch: int, kcv: str, backup_key_id: str) -> None:
        """Note that a zone's slot is under another backup key from now on; the one before is retired."""
        self.slots[zone] = replace(self.slots[zone], epoch=epoch, kcv=kcv, backup_key_id=backup_key_id)

    def add_key(self, key: Key) -> None:
        """Note a key that was made, by the proposal whose outcome is being noted unless it says otherwise."""
        self.keys[key.id] = key if key.proposal else replace(key, proposal=self.proposal)
        self._names.add((key.zone, key.label.casefold()))

    def destroy_key(self, key_id: str) -> None:
        """Note that a key was destroyed."""
        self.keys[key_id] = replace(self.keys[key_id], destroyed=True)

    def slot_of(self, zone: Named) -> Slot:
        """The slot of a zone, by id, whose name must be the one it has here. Raises ProposalRefused."""
        slot = self.slots.get(zone.id)
        if slot is None:
            raise ProposalRefused("no-such-zone", f"The Trust Zone {zone.name} has no slot on this node.")
        if slot.zone.name != zone.name:
            raise ProposalRefused(
                "other-name", f"The Trust Zone that is called {zone.name} has another name here."
            )
        return slot

    def service(self, service: Named) -> Service:
        """The service of this id, whose name must be the one it has here. Raises ProposalRefused."""
        known = self.services.get(service.id)
        if known is None:
            raise ProposalRefused("no-such-service", f"The service {service.name} was not started here.")
        if known.name != service.name:
            raise ProposalRefused(
                "other-name", f"The service that is called {service.name} has another name here."
            )
        return known

    def keys_of(self, zone: str) -> list[Key]:
        """The keys of a zone that were not destroyed."""
        return [key for key in self.keys.values() if key.zone == zone and not key.destroyed]

    def label_owners(self, zone: str) -> dict[str, str]:
        """The id of the key that has or had each label in a zone, by the label in lower case."""
        return {key.label.casefold(): key.id for key in self.keys.values() if key.zone == zone}

    @property
    def living_keys(self) -> int:
        """How many keys there are that were not destroyed."""
        return sum(not key.destroyed for key in self.keys.values())
