"""Heartbeats: what a node says of itself every few seconds."""

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

from hsmnodes.node.agent.config import Config
from hsmnodes.node.agent.facts import Facts
from hsmnodes.node.agent.links import Place
from hsmnodes.node.drivers.values import TokenInfo
from hsmnodes.node.operations.zone.inventory import inventory
from hsmnodes.node.protocol.documents.charter import Charter
from hsmnodes.node.protocol.documents.node import (
    MOST_ZONES,
    Capacity,
    CharterHead,
    ClusterHeld,
    Figures,
    Heartbeat,
    JournalHead,
    Versions,
    ZoneHeld,
    ZoneStanding,
)

State = Literal["starting", "ready", "refusing"]
Witness = Literal["peers", "hsm-only"]


@dataclass(frozen=True)
class Summary:
    """The state of a node at one moment, so that a heartbeat need not wait for what the node is doing."""

    state: State
    reason: str
    journal: JournalHead
    enrolled: bool
    witness: Witness
    charters: tuple[tuple[Place, Charter], ...]
    slots_used: int
    keys: int
    operations: int
    zones: tuple[ZoneHeld, ...]
    cluster: ClusterHeld | None
    standings: tuple[ZoneStanding, ...]

    @classmethod
    def of(
        cls,
        facts: Facts,
        journal: JournalHead,
        *,
        state: State,
        reason: str,
        witness: Witness,
        standings: tuple[ZoneStanding, ...] = (),
        before: "Summary | None" = None,
    ) -> "Summary":
        """The summary of what is known now; `before` is the last one, of which what is the same is kept."""
        same = before is not None and before.journal == journal
        return cls(
            state=state,
            reason=reason,
            journal=journal,
            enrolled=facts.holdings.enrolled,
            witness=witness,
            charters=tuple((place, chain.current) for place, chain in sorted(facts.chains.items())),
            slots_used=len(facts.holdings.slots),
            keys=facts.holdings.living_keys,
            operations=facts.last_receipt[0],
            zones=before.zones if same and before is not None else _zones(facts),
            cluster=_cluster(facts),
            standings=standings,
        )


def make_heartbeat(
    config: Config,
    summary: Summary,
    versions: Versions,
    figures: Figures | None = None,
    *,
    at_work: str | None,
    at: int,
) -> Heartbeat:
    """The heartbeat that says it, at a time in seconds since 1970; `at_work` is a proposal's id."""
    return Heartbeat(
        deployment=config.deployment,
        node=config.node,
        at=at,
        state=summary.state,
        reason=summary.reason[:2000],
        journal=summary.journal,
        enrolled=summary.enrolled,
        at_work=at_work,
        witness=summary.witness,
        charters=tuple(
            CharterHead(kind=kind, id=authority, version=charter.version, hash=charter.sha256)
            for (kind, authority), charter in summary.charters[:1000]
        ),
        capacity=Capacity(slots=config.slots, slots_used=summary.slots_used, keys=summary.keys),
        versions=versions,
        zones=summary.zones[:MOST_ZONES] or None,
        endpoint=True if config.endpoint is not None else None,
        figures=figures,
        member_of=summary.cluster,
        standings=summary.standings[:MOST_ZONES] or None,
    )


def _cluster(facts: Facts) -> ClusterHeld | None:
    state = facts.holdings.cluster
    if state is None:
        return None
    return ClusterHeld(id=state.cluster.id, revision=state.revision, state=state.sha256)


def _zones(facts: Facts) -> tuple[ZoneHeld, ...]:
    held = []
    for zone in sorted(facts.holdings.slots):
        said = inventory(facts.holdings, zone)
        held.append(
            ZoneHeld(
                id=zone,
                keys=said["keys"],
                digest=said["digest"],
                **said["backup_key"],
                changed=facts.holdings.changed.get(zone),
            )
        )
    return tuple(held)


def versions_of(config: Config, token: TokenInfo) -> Versions:
    """What runs on this node."""
    try:
        agent = version("quorate")
    except PackageNotFoundError:
        agent = "unknown"
    library = f"{token.library.strip()} {token.library_version}".strip() or "unknown"
    return Versions(agent=agent, driver=config.pkcs11.profile, library=library[:80])
