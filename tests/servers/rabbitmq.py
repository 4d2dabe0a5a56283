"""A private RabbitMQ: own node name, ports, cookie and data, its own epmd, gone with the test run."""

import os
import secrets
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.servers.process import KeptProcess, ServerFailed, free_ports

PROGRAMS = Path("/usr/lib/rabbitmq/bin")


@dataclass(frozen=True)
class BrokerUser:
    """A user of one virtual host: what its permissions match, as RabbitMQ's regular expressions.

    `routes` limits the routing keys it may publish with on the exchange `quorate`.
    """

    name: str
    configure: str = ".*"
    write: str = ".*"
    read: str = ".*"
    routes: str | None = None


class RabbitServer:
    """One RabbitMQ in `folder`. After kill() it starts again on the same ports with the same queues.

    It listens on `address`, and always on the loopback of the host that it is started on.
    """

    def __init__(
        self,
        folder: Path,
        *,
        owner: int | None = None,
        ports: tuple[int, int, int] | None = None,
        address: str = "127.0.0.1",
    ) -> None:
        if not (PROGRAMS / "rabbitmq-server").exists():
            raise ServerFailed("RabbitMQ is not installed: run script/setup")
        self.folder, self.address = folder, address
        folder.mkdir(parents=True, exist_ok=True)
        self.ports = ports or tuple(free_ports(3))
        self.port, distribution, epmd = self.ports
        configuration = folder / "rabbitmq.conf"
        listeners = "".join(
            f"listeners.tcp.{place} = {one}:{self.port}\n"
            for place, one in enumerate(sorted({"127.0.0.1", address}))
        )
        configuration.write_text(
            f"{listeners}"
            "loopback_users = none\n"
            "log.console = true\nlog.console.level = warning\nlog.file = false\n"
            "disk_free_limit.absolute = 50MB\n"
        )
        (folder / "plugins").write_text("[].\n")
        self.environment = {
            "HOME": str(folder),
            "ERL_EPMD_PORT": str(epmd),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"quorate-{self.port}@localhost",
            "RABBITMQ_DIST_PORT": str(distribution),
            "RABBITMQ_CONF_ENV_FILE": str(folder / "no-environment-file"),
            "RABBITMQ_CONFIG_FILE": str(configuration),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "RABBITMQ_MNESIA_BASE": str(folder / "data"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            # Two cores are shared by everything; busy waiting would take one for itself.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+sbwt none +sbwtdcpu none +sbwtdio none +S 2:2",
        }
        kept = {"folder": folder, "owner": owner, "environment": self.environment}
        self.epmd = KeptProcess(["epmd", "-port", str(epmd), "-address", "127.0.0.1"], name="epmd", **kept)
        self.process = KeptProcess([str(PROGRAMS / "rabbitmq-server")], name="rabbitmq", **kept)

    def start(self) -> None:
        if self.epmd.keeper is None:
            self.epmd.start(lambda: accepts(int(self.environment["ERL_EPMD_PORT"])))
        self.process.start(lambda: accepts(self.port), seconds=120)

    def kill(self) -> None:
        self.process.kill()

    def signal(self, number: int) -> None:
        """Send a signal to the server and what it has started."""
        os.killpg(int(self.process.pid_file.read_text()), number)

    def stop(self) -> None:
        self.process.stop()
        self.epmd.stop()
        self.epmd.keeper = None

    def leave(self) -> None:
        self.process.leave()
        self.epmd.leave()

    def create_host(self, name: str, *users: BrokerUser) -> dict[str, str]:
        """A new virtual host with these users; the broker URL of each, by user name.

        One evaluation instead of three rabbitmqctl calls a user: each call takes more than a second.
        """
        passwords = {user.name: secrets.token_hex(16) for user in users}
        steps = [f'rabbit_vhost:add(<<"{name}">>, <<"test">>)']
        for user in users:
            who = f'<<"{name}.{user.name}">>'
            rights = ", ".join(erlang_text(one) for one in (user.configure, user.write, user.read))
            steps += [
                f'rabbit_auth_backend_internal:add_user({who}, <<"{passwords[user.name]}">>, <<"test">>)',
                f'rabbit_auth_backend_internal:set_permissions({who}, <<"{name}">>, {rights}, <<"test">>)',
            ]
            if user.routes is not None:
                steps.append(
                    f'rabbit_auth_backend_internal:set_topic_permissions({who}, <<"{name}">>, <<"quorate">>, '
                    f'{erlang_text(user.routes)}, <<".*">>, <<"test">>)'
                )
        self.control("eval", ", ".join(steps) + ".")
        return {
            user: f"amqp://{name}.{user}:{password}@{self.address}:{self.port}/{name}"
            for user, password in passwords.items()
        }

    def control(self, *words: str) -> str:
        """Run rabbitmqctl; its output. ServerFailed when it fails."""
        done = subprocess.run(
            [str(PROGRAMS / "rabbitmqctl"), "--quiet", *words],
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        if done.returncode or "{error," in done.stdout:
            raise ServerFailed(f"rabbitmqctl {words[0]} failed\n{done.stdout}{done.stderr}")
        return done.stdout


def erlang_text(text: str) -> str:
    """A text as an Erlang binary."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'<<"{escaped}">>'


def accepts(port: int) -> bool:
    """Whether something listens on this port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
