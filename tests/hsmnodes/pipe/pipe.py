"""A whole deployment whose parts can be killed: people, the console's worker, a node with its HSM."""

import signal
import sqlite3
import sys
from collections import Counter
from contextlib import closing
from itertools import cycle
from pathlib import Path
from typing import Any

from console.server.layout import Layout
from console.server.plan import worker
from hsmnodes.node.agent.config import Config, Pkcs11
from hsmnodes.node.agent.facts import Facts
from hsmnodes.node.agent.installing import install
from hsmnodes.node.agent.node import Node
from hsmnodes.node.agent.pools import open_pool
from hsmnodes.node.drivers.pkcs11.profile import SOFTHSM2_OF_DEBIAN
from hsmnodes.node.protocol import canonical
from tests.cast.charters import DEPLOYMENT
from tests.cast.deployment import Deployment
from tests.cast.people import named
from tests.hsmnodes.pipe import moments, parts
from tests.hsmnodes.pipe.fork import PATIENCE, Part
from tests.servers.process import KeptProcess, wait_until

ROOT = Path(__file__).resolve().parents[3]
NODE = named("ams-1")


class Pipe:
    """The deployment; `broker` is the broker's address for the console."""

    def __init__(self, folder: Path, *, broker: str) -> None:
        self.folder, self.socket = folder, folder / "zygote"
        self.database, self.config_file = folder / "console.sqlite3", folder / "node.toml"
        self.layout = Layout(state=folder)
        environment = {
            "DJANGO_SETTINGS_MODULE": "console.settings",
            "QUORATE_STATE_DIR": str(folder),
            "QUORATE_DATABASE_URL": f"sqlite:///{self.database}",
            "QUORATE_BROKER_URL": broker,
            "QUORATE_DEMO": "1",
            "QUORATE_OUTBOX_RETRY_SECONDS": "1",
            "QUORATE_SWEEP_SECONDS": "1",
            "QUORATE_LOG_LEVEL": "WARNING",
            "PYTHONPATH": str(ROOT),
        }
        self.zygote = KeptProcess(
            [sys.executable, "-m", "tests.hsmnodes.pipe.zygote", str(self.socket), parts.__name__],
            folder=folder,
            name="pipe",
            environment=environment,
        )
        self.zygote.start(self.socket.exists)
        self.kills: Counter[tuple[str, str]] = Counter()
        self._moments = {"worker": cycle(moments.WORKER), "node": cycle(moments.NODE)}
        self.parts: dict[str, Part] = {}
        self.armed: dict[str, str | None] = {}

    def set_up(self, node_broker: str) -> None:
        """Found the cast's deployment; enrol the node, and give it a service and a slot."""
        anchor = self.order("found")
        self.config = Config(
            deployment=DEPLOYMENT,
            demo=True,
            provider_founding=anchor,
            node=NODE,
            pkcs11=Pkcs11(profile="softhsm2", module=SOFTHSM2_OF_DEBIAN),
            state=self.folder / "node",
            broker=node_broker,
            heartbeat_seconds=2,
        )
        self.config.save(self.config_file)
        pool = open_pool(self.config)
        identity = canonical.b64u(install(self.config, pool, now=Deployment().now))
        pool.close()
        enrolment = self.order("enrol", node_id=NODE.id, name=NODE.name, identity=identity)
        self.begin("worker")
        self.begin("node")
        self.wait_for_done([enrolment])
        self.wait_for_done([self.order("start_service", node_id=NODE.id)])
        self.wait_for_done([self.order("create_slot", node_id=NODE.id)])

    # -------------------------------------------------------------- its parts

    def order(self, part: str, **given: Any) -> Any:
        """Have people do something; what came of it, or None if they were killed."""
        return Part(self.socket, part, **given).answer()

    def begin(self, name: str, moment: str | None = None) -> None:
        """Start worker or node; it dies at the moment."""
        given = {"worker": {"words": self._words()}, "node": {"config": str(self.config_file)}}[name]
        self.parts[name] = Part(self.socket, name, moment=moment, **given)
        self.armed[name] = moment

    def replace(self, name: str, *, armed: bool) -> None:
        """End worker or node, and start it again, to die at the next of its moments or not at all."""
        self.parts[name].end()
        self.begin(name, next(self._moments[name]) if armed else None)

    def pause(self, name: str) -> None:
        """Stop worker or node in its tracks, but not while it holds the database's lock."""
        assert wait_until(lambda: self._paused(self.parts[name]), seconds=PATIENCE)

    def _paused(self, part: Part) -> bool:
        part.signal(signal.SIGSTOP)
        try:
            with closing(sqlite3.connect(self.database, timeout=0.5)) as connection:
                connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            part.signal(signal.SIGCONT)
            return False
        return True

    def bury(self, *, armed: bool) -> bool:
        """Count who has died, and start them again; whether anybody had."""
        dead = [name for name, part in self.parts.items() if part.is_dead]
        for name in dead:
            moment = self.armed[name]
            assert moment is not None, f"The {name} ended by itself:\n{self.zygote.log_end()}"
            self.kills[name, moment] += 1
            self.replace(name, armed=armed)
        return bool(dead)

    def fewest_kills(self) -> int:
        """How often people, worker and node were killed at each of their moments, at least."""
        return min(self.kills[who, moment] for who, theirs in moments.ALL.items() for moment in theirs)

    def close(self) -> None:
        """End everything."""
        for part in self.parts.values():
            part.close()
        self.zygote.stop()

    def _words(self) -> list[str]:
        words = worker(self.layout, "console")
        return words[words.index("worker") :]

    # -------------------------------------------------------------- what is seen of it

    def state(self, proposal: str) -> str:
        """The state of a proposal, as the console has it."""
        return str(
            self._rows(self.database, "SELECT state FROM tenants_proposal WHERE id = ?", proposal)[0][0]
        )

    def undone(self, proposals: list[str]) -> list[str]:
        """Those that have not come to their end."""
        rows = self._rows(self.database, "SELECT id FROM tenants_proposal WHERE state = 'done'")
        done = {row[0] for row in rows}
        return [one for one in proposals if one not in done]

    def wait_for_done(self, proposals: list[str]) -> None:
        """Wait until all of these are done."""
        assert wait_until(lambda: not self.undone(proposals), seconds=PATIENCE), (
            [self.state(one) for one in proposals],
            self.zygote.log_end(),
        )

    def journal_has(self, kind: str, proposal: str) -> bool:
        """Whether the node's journal has an intent or outcome of a proposal."""
        query = "SELECT 1 FROM entries WHERE kind = ? AND proposal = ?"
        return bool(self._rows(self.config.database, query, kind, proposal))

    def check_whole(self, proposals: list[str]) -> None:
        """Each was done once, by journal, HSM and receipts alike; nothing is open, and there is no alarm."""
        seen = self.order("look")
        for part in self.parts.values():
            part.end()
        pool = open_pool(self.config)
        node = Node(self.config, pool)
        facts = Facts.of(node.parts.ledger.journal.verify())
        [zone] = {slot.zone.id for slot in facts.holdings.slots.values()}
        stored = node.parts.executor._hands.driver(zone).list_keys()
        node.close()
        assert facts.open_intents == {}
        assert len(facts.intents) == len(facts.outcomes) == len(proposals) + 3
        assert all((proposal, 0) in facts.outcomes for proposal in proposals)
        assert all(key.complete for key in stored)
        assert sorted(key.key_id.hex() for key in stored) == seen["keys"]
        assert len(seen["keys"]) == len(proposals)
        assert seen["receipts"] == sorted(map(canonical.sha256_hex, facts.outcomes.values()))
        assert (seen["unsettled"], seen["flaws"], seen["alarms"]) == (0, [], [])

    @staticmethod
    def _rows(file: Path, query: str, *values: object) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=20)) as connection:
            return connection.execute(query, values).fetchall()
