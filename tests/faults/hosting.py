"""Quorate on hosts of its own: console, broker, three nodes in two data centres, and an application's host.

    hq   console (pages, worker, database) and broker
    ams  ams-1, ams-2
    fra  fra-1
    shop webshop, whose application signs without end

Console and nodes are the processes of a deployment, on PostgreSQL and RabbitMQ. The zone Payments is on all
three nodes, and the application is admitted to its key on each.
"""

import itertools
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

from console.server import plan
from console.server.layout import ROOT, Layout
from hsmnodes.node.protocol import canonical
from tests.cast.charters import DEPLOYMENT
from tests.cast.deployment import Deployment
from tests.cast.people import named
from tests.faults.load import Load
from tests.faults.network import Network
from tests.faults.node_host import NodeHost
from tests.hsmnodes.node.endpoint.serving import Host as ApplicationHost
from tests.hsmnodes.pipe.fork import Part
from tests.servers.postgres import PostgresServer
from tests.servers.process import KeptProcess, wait_until
from tests.servers.rabbitmq import BrokerUser, RabbitServer
from tests.servers.stacks import broker_user_of

NODES = ("ams-1", "ams-2", "fra-1")
SMALL_DISK = "ams-2"
SET_CLOCK = "fra-1"
MILLISECONDS = 5
CONSOLE_PORT = 8000
PATIENCE = 180
SKEW_SECONDS = 4


def _differing(received: list[list[Any]], stated: dict[str, tuple[str, int]]) -> list[Any]:
    """What only the console or only the node has."""
    known = {one[4] for one in received}
    return [one for one in received if one[4] not in stated] + [
        place for digest, place in stated.items() if digest not in known
    ]


def place_of(entry: dict[str, Any]) -> tuple[str, int]:
    """The proposal and step that an entry of a journal is about."""
    return entry["body"]["proposal"], entry["body"]["step"]


class Hosting:
    """All of it. `folder` must be short, and others must be able to pass it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._stack = folder, ExitStack()
        self.network = self._closing(Network(MILLISECONDS))
        self.network.add_site("hq", "console", "broker")
        self.network.add_site("ams", "ams-1", "ams-2")
        self.network.add_site("fra", "fra-1")
        self.network.add_site("shop", "webshop")
        self.network.connect()
        hosts = self.network.hosts
        self.nodes = {
            name: self._closing(
                NodeHost(
                    folder,
                    hosts[name],
                    named(name),
                    small_disk=name == SMALL_DISK,
                )
            )
            for name in NODES
        }
        self.console, self.loads = {}, {}
        self._approving, self._numbers = threading.Lock(), itertools.count()

    def _closing(self, one: Any) -> Any:
        self._stack.callback(one.close)
        return one

    def close(self) -> None:
        """End everything."""
        self._stack.close()

    # -------------------------------------------------------------- making it

    def set_up(self) -> None:
        """Have the cast's zone on all nodes, and the application connected to it."""
        brokers = self._start_servers()
        self._start_zygote(brokers["console"])
        anchor = self.order("found")
        for name, node in self.nodes.items():
            node.install(deployment=DEPLOYMENT, anchor=anchor, broker=brokers[name], now=Deployment().now)
        enrolments = self.order("register", nodes=[self._registered(one) for one in self.nodes.values()])
        for node in self.nodes.values():
            node.start()
            self._stack.callback(node.stop)  # before the broker ends: it would be waited for
        self.start_console()
        self.wait_for_done(enrolments)
        self.wait_for_done(self.order("start_services", nodes=self.ids))
        first, *others = self.ids
        self.wait_for_done([self.order("create_slot", node_id=first)])
        for other in others:
            self.wait_for_done([self.order("extend", receiver=other, sender=first)])
        self.ready = self.order("propose_keys", nodes=self.ids, labels=["orders"])
        self.approved: list[str] = []
        self.approve()
        self.wait_for_done(self.approved)
        self._connect_application()

    def _start_servers(self) -> dict[str, str]:
        """The database on the console's host, the broker on one of its own; the broker's addresses."""
        self.postgres = PostgresServer(self.folder / "pg")
        self.postgres.start()
        self._stack.callback(self.postgres.stop)
        self.database = self.postgres.create_database("console")
        with self.broker_host():
            self.broker = RabbitServer(self.folder / "mq", address=self.network.hosts["broker"].address)
            self.broker.start()
            self._stack.callback(self.broker.stop)
            users = [BrokerUser("console"), *(broker_user_of(node.named.id) for node in self.nodes.values())]
            addresses = self.broker.create_host("faults", *users)
        return addresses | {name: addresses[node.named.id] for name, node in self.nodes.items()}

    def _start_zygote(self, broker: str) -> None:
        """The console's code on the console's host, for people to work with."""
        socket = self.folder / "zygote"
        self.environment = {
            "DJANGO_SETTINGS_MODULE": "console.settings",
            "QUORATE_STATE_DIR": str(self.folder / "console"),
            "QUORATE_DATABASE_URL": self.database,
            "QUORATE_BROKER_URL": broker,
            "QUORATE_DEMO": "1",
            "QUORATE_LOG_LEVEL": "WARNING",
            "QUORATE_OUTBOX_RETRY_SECONDS": "2",
            "QUORATE_SWEEP_SECONDS": "1",
            "QUORATE_CLOCK_SECONDS": str(SKEW_SECONDS),
            "PYTHONPATH": str(ROOT),
        }
        (self.folder / "console").mkdir()
        words = [sys.executable, "-m", "tests.hsmnodes.pipe.zygote", str(socket), "tests.faults.people"]
        zygote = self._on_console("people", words)
        self._start_there(zygote, socket.exists)
        self._socket = socket

    def _on_console(self, name: str, words: Sequence[str]) -> KeptProcess:
        made = KeptProcess(words, folder=self.folder, name=name, environment=self.environment)
        self._stack.callback(made.stop)
        return made

    def _start_there(self, process: KeptProcess, ready: Any) -> None:
        with self.network.hosts["console"].inside.entered():
            process.start(ready)

    def _registered(self, node: NodeHost) -> dict[str, str]:
        return {
            "id": node.named.id,
            "name": node.named.name,
            "identity": canonical.b64u(node.identity),
        }

    def _connect_application(self) -> None:
        """It is connected twice: to use all nodes, and to use the first of them that can be reached."""
        shop = self.network.hosts["webshop"]
        with shop.inside.entered():
            host = ApplicationHost(self.folder, "webshop")
            request = host.new()
            admission = self.order(
                "admit",
                application=request.named.model_dump(),
                request=request.request,
                nodes=self.ids,
            )
            self.approved.append(admission)
            self.wait_for_done([admission])
            self._install(host, admission)
            further = ApplicationHost(self.folder, "failover")
            shutil.copytree(host.folder, further.folder)
            for one, options in ((host, ()), (further, ("--failover",))):
                self._stack.callback(one.stop)
                one.start("haproxy", *options)
                assert wait_until(one.is_served, seconds=PATIENCE)
                load = self.loads[one.name] = Load(one, self.folder)
                self._stack.callback(load.stop)

    def _install(self, host: ApplicationHost, admission: str) -> None:
        came = [
            {name: canonical.b64u_decode(data) for name, data in one.items()}
            for one in self.order("beside", proposal=admission)
        ]
        first, *others = came
        installed = host.install(first, self.nodes[NODES[0]].words, *others)
        assert installed.returncode == 0, installed.stderr

    # -------------------------------------------------------------- people and the console

    @property
    def ids(self) -> list[str]:
        """The nodes' ids."""
        return [node.named.id for node in self.nodes.values()]

    def order(self, part: str, **given: Any) -> Any:
        """Have people at the console do something; what came of it."""
        return Part(self._socket, part, **given).answer()

    def start_console(self) -> None:
        """Start the console's pages and its worker."""
        layout, address = Layout(self.folder / "console", CONSOLE_PORT), self.network.hosts["console"].address
        words = plan.web("console.wsgi:application", CONSOLE_PORT, threads=4)
        words[words.index("--host") + 1] = address
        self.console = {
            "pages": self._on_console("pages", words),
            "worker": self._on_console("worker", plan.worker(layout, "console")),
        }
        host = self.network.hosts["console"]
        self._start_there(self.console["worker"], self.console["worker"].pid_file.exists)
        self._start_there(self.console["pages"], lambda: host.reaches(host, CONSOLE_PORT))

    def kill_console(self) -> None:
        """kill -9 of pages and worker."""
        for process in self.console.values():
            process.kill()

    def broker_host(self) -> AbstractContextManager[None]:
        """Be on the broker's host."""
        return self.network.hosts["broker"].inside.entered()

    def shown(self, node: NodeHost) -> list[str]:
        """What the console shows of a node: its status, the state it said it is in, and why."""
        return self.order("look")["nodes"][node.named.name]

    def manage(self, *words: str) -> tuple[int, str]:
        """What `manage.py` ends with, and prints."""
        with self.network.hosts["console"].inside.entered():
            done = subprocess.run(
                [sys.executable, str(ROOT / "manage.py"), *words],
                env=os.environ | self.environment,
                capture_output=True,
                text=True,
                check=False,
            )
        return done.returncode, done.stdout

    # -------------------------------------------------------------- operations

    def propose(self, count: int) -> None:
        """Have keys proposed for all nodes, each lacking the last signature."""
        labels = [f"key {next(self._numbers)}" for _ in range(count)]
        self.ready += self.order("propose_keys", nodes=self.ids, labels=labels)

    def approve(self) -> None:
        """The last signature under the next of them."""
        with self._approving:
            proposal = self.ready.pop(0)
            self.order("approve", proposal=proposal, moment=None)
            self.approved.append(proposal)

    @contextmanager
    def no_more_approved(self) -> Iterator[None]:
        """Have nothing approved meanwhile."""
        with self._approving:
            yield

    def undone(self, proposals: Sequence[str]) -> dict[str, str]:
        """Those that have not come to their end, and their states."""
        with self.postgres.connect("console") as connection:
            rows = connection.execute(
                "SELECT id, state FROM tenants_proposal WHERE id = ANY(%s) AND state <> 'done'",
                [list(proposals)],
            ).fetchall()
        return dict(rows)

    def wait_for_done(self, proposals: Sequence[str], *, seconds: float = PATIENCE) -> None:
        """Wait until all of these are done."""
        done = wait_until(lambda: not self.undone(proposals), seconds=seconds)
        assert done, (self.undone(proposals), json.dumps(self.order("look")["nodes"]), self.logs())

    def check_whole(self) -> None:
        """Each operation ran once on each node and none is lost, by journals, receipts and digests."""
        self.wait_for_done(self.approved)
        seen = self.order("look")
        for name, node in self.nodes.items():
            entries = node.entries()
            intents = [place_of(one) for one in entries if one["kind"] == "intent"]
            outcomes = {
                place_of(one): canonical.b64u_decode(one["body"]["receipt"])
                for one in entries
                if one["kind"] == "outcome"
            }
            received = [one for one in seen["receipts"] if one[0] == node.named.id]
            assert sorted(intents) == sorted(outcomes), (name, "something is open")
            stated = {canonical.sha256_hex(one): place for place, one in outcomes.items()}
            assert {one[4] for one in received} == stated.keys(), (name, _differing(received, stated))
            assert len(received) == len(stated), (name, "a receipt is there twice")
            assert {one[3] for one in received} == {"done"}, (name, received)
            for proposal in self.approved:
                assert [one for one, _ in intents].count(proposal) == 1, (name, proposal)
        amiss = (seen["unsettled"], seen["flaws"], seen["alarms"])
        assert amiss == (0, [], []), amiss
        code, told = self.manage("compare_zones")
        assert code == 0, told

    def logs(self) -> str:
        """The ends of all logs."""
        return "\n".join(
            f"---- {file.name}\n{file.read_text(errors='replace')[-2500:]}"
            for file in sorted(self.folder.glob("*.log"))
        )
