"""`quorate-node status`: what the node knows and holds, read from its journal, without its HSM."""

import argparse
from pathlib import Path

from hsmnodes.node.agent.commands import DONE
from hsmnodes.node.agent.config import Config
from hsmnodes.node.agent.facts import Facts
from hsmnodes.node.agent.handed_over import read_question
from hsmnodes.node.agent.installing import check_beginning
from hsmnodes.node.agent.journal import Journal
from hsmnodes.node.agent.running import is_running
from hsmnodes.node.agent.store import open_store
from hsmnodes.node.agent.terminal import say
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.words import fingerprint


def describe(parser: argparse.ArgumentParser) -> None:
    """The arguments."""
    parser.add_argument("--config", type=Path, required=True)


def execute(options: argparse.Namespace) -> int:
    """Show the node."""
    config = Config.load(options.config)
    with open_store(config.database) as store:
        journal = Journal(store)
        identity = check_beginning(config, journal)
        facts = Facts.of(journal.verify())
        refused = store.rows("SELECT COUNT(*) FROM refusals")[0][0]
    say(
        f"Node {config.node.name} ({config.node.id}){', demo' if config.demo else ''}",
        f"Agent:        {'running' if is_running(config) else 'not running'}",
        *_waiting(config),
        f"Identity key: {' '.join(fingerprint(canonical.sha256_hex(identity)))}",
        f"Enrolled:     {'yes' if facts.holdings.enrolled else 'no'}",
        f"Journal:      {journal.head.sequence} entries, head {journal.head.hash}",
        f"Unsettled:    {len(facts.open_intents)}",
        f"Refusals:     {refused} kept",
        *_held(facts),
    )
    return DONE


def _waiting(config: Config) -> list[str]:
    """What a node that runs waits for since it started, and what to do where nobody can answer."""
    if not is_running(config) or read_question(config) is None:
        return []
    return [
        "Waits:        for its peers to say what they know of its journal. Until half of them have, it",
        "              carries out nothing and serves no application. They answer through broker and",
        "              console; while these are away, carry the question to a peer by hand:",
        "              quorate-node witness --help",
    ]


def _held(facts: Facts) -> list[str]:
    holdings = facts.holdings
    charters = [
        f"  {kind.value} {chain.current.authority.name}, version {chain.current.version}, "
        + ("FROZEN" if chain.frozen else " ".join(fingerprint(chain.current.sha256)))
        for (kind, _), chain in sorted(facts.chains.items())
    ]
    peers = [
        f"  {peer.node.name}: {' '.join(fingerprint(canonical.sha256_hex(peer.identity)))}"
        for peer in facts.peers.values()
    ]
    state = holdings.cluster
    members = [f"  {place}. {one.name}" for place, one in enumerate(state.members, 1)] if state else []
    cluster = [f"  {state.cluster.name}, {state.mode}, revision {state.revision}", *members] if state else []
    services = [f"  {one.name} ({one.mode}) for {one.customer.name}" for one in holdings.services.values()]
    slots = [
        f"  {slot.name}: Trust Zone {slot.zone.name}, {slot.backup_key} epoch {slot.epoch} (KCV {slot.kcv}), "
        f"{_keys(sum(key.zone == slot.zone.id and not key.destroyed for key in holdings.keys.values()))}"
        for slot in holdings.slots.values()
    ]
    return [
        line
        for title, lines in (
            ("Charters", charters),
            ("Peers", peers or ["  none: a restored state is found out only by the HSM's own record"]),
            ("Cluster", cluster or ["  none"]),
            ("Services", services or ["  none"]),
            ("Slots", slots or ["  none"]),
        )
        for line in (f"{title}:", *(lines or ["  none"]))
    ]


def _keys(count: int) -> str:
    return "1 key" if count == 1 else f"{count} keys"
