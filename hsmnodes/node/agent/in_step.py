"""In step before serving: a node serves the applications of a zone while it has the keys of its cluster.

Of the members that hold a zone and were heard lately, the one whose keys changed last has it as it should be;
at the same moment the most, then those with more keys. Who has other keys is behind. After a start, a node
serves a zone once the other members were heard and it is not behind; later on it may be behind for a while.
Members that say nothing count for nothing: then it serves, so that a zone can be reached, and says so.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from hsmnodes.node.agent.config import Config
from hsmnodes.node.agent.facts import Facts
from hsmnodes.node.agent.hearing import Hearing, Record
from hsmnodes.node.protocol.documents.base import Named
from hsmnodes.node.protocol.documents.node import ZoneHeld, ZoneStanding

CLOCKS_APART = 60
"""Seconds by which the clocks of two nodes may differ before one seems silent to the other."""


@dataclass
class InStep:
    """How a node stands with each zone that it holds, as of the last look. Times: seconds since 1970."""

    config: Config
    facts: Facts
    hearing: Hearing
    began: int
    standings: tuple[ZoneStanding, ...] = ()
    _passed: set[str] = field(default_factory=set)
    _since: dict[str, int] = field(default_factory=dict)

    def serves(self, zone: str) -> bool:
        """Whether the applications of a zone are served."""
        return not any(one.zone == zone and one.state in ("waiting", "out") for one in self.standings)

    def look(self, held: Sequence[ZoneHeld], now: int) -> None:
        """Look again; `held` is what this node has of each zone."""
        found = [self._standing(zone, now) for zone in held]
        self.standings = tuple(one for one in found if one is not None)
        here = {zone.id for zone in held}
        self._passed &= here
        self._since = {zone: since for zone, since in self._since.items() if zone in here}

    def _standing(self, own: ZoneHeld, now: int) -> ZoneStanding | None:
        """How it stands with a zone; None if it is as it should be."""
        others = self._others
        if not others:
            self._passed.add(own.id)
            return None
        heard = [
            (node, one) for node, record in others if (one := self._said(record, own.id, now)) is not None
        ]
        ahead = _ahead(own, heard)
        if ahead is not None:
            since = self._since.setdefault(own.id, now)
            out = own.id not in self._passed or now - since >= self.config.in_step_grace_seconds
            return ZoneStanding(zone=own.id, state="out" if out else "behind", since=since, peer=ahead)
        self._since.pop(own.id, None)
        silent = not any(self._is_fresh(record, now) for _, record in others)
        if own.id not in self._passed:
            answered = all(
                record is not None and record.since_start and self._is_fresh(record, now)
                for _, record in others
            )
            if not answered and now - self.began < self.config.in_step_patience_seconds:
                return ZoneStanding(zone=own.id, state="waiting", since=self.began)
            self._passed.add(own.id)
        if silent:
            return ZoneStanding(zone=own.id, state="unheard", since=self._silent_since(others))
        return None

    @property
    def _others(self) -> list[tuple[Named, Record | None]]:
        """The other members of the cluster, with what was last heard of each."""
        state = self.facts.holdings.cluster
        members = state.members if state is not None else ()
        return [
            (Named(id=one.id, name=one.name), self.hearing.of(one.id))
            for one in members
            if one.id != self.config.node.id
        ]

    def _is_fresh(self, record: Record | None, now: int) -> bool:
        """Whether a member was heard lately, of how it was lately, and may act."""
        if record is None or record.heartbeat.state != "ready":
            return False
        said_at = min(record.heard_at, record.heartbeat.at + CLOCKS_APART)
        return now - said_at <= self.config.in_step_patience_seconds

    def _said(self, record: Record | None, zone: str, now: int) -> ZoneHeld | None:
        """What a member said of a zone, if that counts."""
        if record is None or not self._is_fresh(record, now):
            return None
        return next((one for one in record.heartbeat.zones or () if one.id == zone), None)

    def _silent_since(self, others: Sequence[tuple[Named, Record | None]]) -> int:
        return max([self.began, *(record.heard_at for _, record in others if record is not None)])


def _ahead(own: ZoneHeld, heard: Sequence[tuple[Named, ZoneHeld]]) -> Named | None:
    """Who has the zone as it should be, if this node has not."""
    everyone = [own, *(one for _, one in heard)]
    latest = max(one.changed or 0 for one in everyone)
    newest = [one for one in everyone if (one.changed or 0) == latest]
    alike = Counter(one.digest for one in newest)
    best = min(newest, key=lambda one: (-alike[one.digest], -one.keys, one.digest))
    if best.digest == own.digest:
        return None
    return next(node for node, one in heard if one.digest == best.digest)
