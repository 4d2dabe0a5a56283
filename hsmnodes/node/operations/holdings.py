"""What a node holds: its enrolment, services, slots, keys, applications, and every name ever used.

It is never stored: the agent builds it from the journal, by the `record` of each operation that was done.
"""

from collections.abc import Collection
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Literal

from hsmnodes.node.protocol.documents.base import Named
from hsmnodes.node.protocol.documents.cluster import ClusterState
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
    is known; `usages` what it may be used for, sorted, none if that is not known.
    """

    id: str
    label: str
    zone: str
    algorithm: str
    destroyed: bool = False
    proposal: str = ""
    kcv: str | None = None
    usages: tuple[str, ...] = ()


@dataclass(frozen=True)
class UsableKey:
    """A key that an application may use, and for what; one that was destroyed since stays in the list."""

    id: str
    label: str
    usages: tuple[str, ...]


@dataclass(frozen=True)
class Application:
    """An application that was admitted to keys of a zone. `certificate` is in DER, `not_after` in seconds."""

    id: str
    name: str
    zone: Named
    certificate: bytes
    sealing_key: bytes
    not_after: int
    keys: tuple[UsableKey, ...]

    @property
    def named(self) -> Named:
        """Its id with its name."""
        return Named(id=self.id, name=self.name)


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


@dataclass(frozen=True)
class Suspended:
    """How a token was suspended: under which version, by which statement (SHA-256), by whom (their id)."""

    version: int
    statement: str
    by: str


@dataclass
class Holdings:
    """Everything by its id. Names are compared without regard to case and are never given back.

    `abandoned` are hashes of proposals of which nothing more is done here; `suspended` says how a token was
    suspended, by authority and credential; `lifted` are hashes of statements that suspend nothing any more;
    `kept_until` is the time until which a node has said it keeps a zone. `suspended_applications` has the
    hashes of the statements that suspend an application, by zone and application, also of one that never came
    here; `resumed` are those that a quorum of a zone has lifted, with the zone. `agreed_until` says until
    when a zone agrees to a state of a cluster, by the zone's id and the state's hash. `cluster` is the one
    that the node is a member of, since `cluster_since`; `clusters` are the ids of all it ever was in.
    `changed` is when the keys of each zone last came to be others, wherever that was begun; its coming is no
    change.
    `proposal` is the one whose outcome is being noted, and `at` the time as of which it was judged.
    """

    enrolled: bool = False
    services: dict[str, Service] = field(default_factory=dict)
    slots: dict[str, Slot] = field(default_factory=dict)
    keys: dict[str, Key] = field(default_factory=dict)
    share_sets: dict[str, ShareSet] = field(default_factory=dict)
    kept_until: dict[str, int] = field(default_factory=dict)
    lifted: set[str] = field(default_factory=set)
    abandoned: set[str] = field(default_factory=set)
    suspended: dict[tuple[str, str], dict[str, Suspended]] = field(default_factory=dict)
    applications: dict[str, Application] = field(default_factory=dict)
    removed_applications: set[str] = field(default_factory=set)
    suspended_applications: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    resumed: set[tuple[str, str]] = field(default_factory=set)
    cluster: ClusterState | None = None
    cluster_since: int = 0
    clusters: set[str] = field(default_factory=set)
    agreed_until: dict[tuple[str, str], int] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)
    proposal: str = ""
    at: int = 0
    _came_by: dict[str, str] = field(default_factory=dict)
    _names: dict[tuple[str, str], str] = field(default_factory=dict)

    def check_name_is_free(self, space: str, name: str, *, what: str, owner: str = "") -> None:
        """Raise ProposalRefused if `name` was ever used in `space` (an id, or a word such as `slot`).

        What has the id `owner` may have it again.
        """
        if self._names.get((space, name.casefold()), owner) != owner:
            raise ProposalRefused("name-in-use", f"The name {name} was already used for a {what} here.")

    def suspended_in(self, authorities: Collection[str], *, since: int | None = None) -> frozenset[str]:
        """The credential ids that are suspended in these authorities: all, or those by a version `since`."""
        return frozenset(
            credential
            for (authority, credential), held in self.suspended.items()
            if authority in authorities
            and any(since is None or how.version <= since for how in held.values())
        )

    def suspend(self, authority: str, credential_id: str, how: Suspended) -> None:
        """Note that a token does not count any more for an authority."""
        self.suspended.setdefault((authority, credential_id), {})[how.statement] = how

    def reinstate(self, authority: str, credential_id: str, statement: str) -> None:
        """Note that one statement suspends a token no more; it counts again if no other does."""
        self.lifted.add(statement)
        held = self.suspended.get((authority, credential_id), {})
        held.pop(statement, None)
        if not held:
            self.suspended.pop((authority, credential_id), None)

    def copy(self) -> "Holdings":
        """One that can be changed without changing this."""
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        copied = {name: copy(value) for name, value in fields.items()}
        copied["suspended"] = {key: dict(held) for key, held in self.suspended.items()}
        copied["suspended_applications"] = {
            key: set(held) for key, held in self.suspended_applications.items()
        }
        return Holdings(**copied)

    def add_service(self, service: Service) -> None:
        """Note a service that was started."""
        self.services[service.id] = service
        self._names["service", service.name.casefold()] = service.id

    def add_slot(self, slot: Slot, *, customer: str) -> None:
        """Note a slot that was made for a zone of `customer` (its id)."""
        self.slots[slot.zone.id] = slot
        self._came_by[slot.zone.id] = self.proposal
        self._names["slot", slot.name.casefold()] = slot.id
        self._names[customer, slot.zone.name.casefold()] = slot.zone.id

    def remove_slot(self, zone: str) -> None:
        """Note that a zone has no slot here any more, no keys and no applications.

        What was called how stays known, and what was destroyed. The applications may come again with the
        zone, if people sign for it.
        """
        here = [one for one in self.applications.values() if one.zone.id == zone]
        for application in here:
            if application.id not in self.removed_applications:
                del self.applications[application.id]
        for place in [one for one in self.suspended_applications if one[0] == zone]:
            del self.suspended_applications[place]
        self.slots.pop(zone, None)
        self.share_sets.pop(zone, None)
        self.kept_until.pop(zone, None)
        self.changed.pop(zone, None)
        self.keys = {key.id: key for key in self.keys.values() if key.zone != zone or key.destroyed}

    def rotate(self, zone: str, *, epoch: int, kcv: str, backup_key_id: str) -> None:
        """Note that a zone's slot is under another backup key from now on; the one before is retired."""
        self.slots[zone] = replace(self.slots[zone], epoch=epoch, kcv=kcv, backup_key_id=backup_key_id)

    def add_key(self, key: Key) -> None:
        """Note a key that was made, by the proposal whose outcome is being noted unless it says otherwise."""
        known = self.keys.get(key.id)
        if known is not None and known.zone != key.zone:
            raise ValueError("a key of this id belongs to another zone")
        self.keys[key.id] = key if key.proposal else replace(key, proposal=self.proposal)
        self._note_change(key.zone)
        self._names[key.zone, key.label.casefold()] = key.id

    def destroy_key(self, key_id: str, label: str, *, zone: str) -> None:
        """Note that a key of a zone was destroyed, also one that never came here, and is not to any more."""
        known = self.keys.get(key_id)
        if known is None:
            known = Key(key_id, label, zone, algorithm="")
            self._names[zone, label.casefold()] = key_id
        self.keys[key_id] = replace(known, destroyed=True)
        self._note_change(zone)

    def _note_change(self, zone: str) -> None:
        """Note that the keys of a zone are others now, unless they have just come here with all of it."""
        if self._came_by.get(zone) != self.proposal:
            self.changed[zone] = max(self.changed.get(zone, 0), self.at)

    def enter(self, state: ClusterState) -> None:
        """Note the state that the node's cluster has from now on."""
        self.cluster, self.cluster_since = state, self.at
        self.clusters.add(state.cluster.id)
        self._names["cluster", state.cluster.name.casefold()] = state.cluster.id

    def leave_cluster(self) -> None:
        """Note that the node is in no cluster any more."""
        self.cluster = None

    def add_application(self, application: Application) -> None:
        """Note an application that was admitted."""
        self.applications[application.id] = application
        self._names[f"applications of {application.zone.id}", application.name.casefold()] = application.id

    def remove_application(self, application_id: str) -> None:
        """Note that an application was removed; one that never came here is not to come any more."""
        self.removed_applications.add(application_id)
        for place in [one for one in self.suspended_applications if one[1] == application_id]:
            del self.suspended_applications[place]

    def suspend_application(self, zone: str, application_id: str, statement: str) -> None:
        """Note that an application is not to be served, by a statement (its SHA-256)."""
        self.suspended_applications.setdefault((zone, application_id), set()).add(statement)

    def resume_application(self, zone: str, application_id: str, statements: Collection[str]) -> None:
        """Note that these statements suspend an application no more, nor will; another one still does."""
        self.resumed.update((zone, statement) for statement in statements)
        held = self.suspended_applications.pop((zone, application_id), set()) - set(statements)
        if held:
            self.suspended_applications[zone, application_id] = held

    def is_suspended(self, application: Application) -> bool:
        """Whether an application is not to be served."""
        return (application.zone.id, application.id) in self.suspended_applications

    def living_applications(self) -> list[Application]:
        """The applications that were not removed."""
        return [one for one in self.applications.values() if one.id not in self.removed_applications]

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

    def destroyed_keys_of(self, zone: str) -> list[Key]:
        """The keys of a zone that were destroyed, sorted by their id."""
        gone = [key for key in self.keys.values() if key.zone == zone and key.destroyed]
        return sorted(gone, key=lambda key: key.id)

    def label_owners(self, zone: str) -> dict[str, str]:
        """The id of the key that has or had each label in a zone, by the label in lower case."""
        return {key.label.casefold(): key.id for key in self.keys.values() if key.zone == zone}

    @property
    def living_keys(self) -> int:
        """How many keys there are that were not destroyed."""
        return sum(not key.destroyed for key in self.keys.values())
