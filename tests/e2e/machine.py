"""A node on a machine of its own, made and run by `quorate-node` as its installer does."""

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from console.server.kept import start_kept
from tests.e2e.running import Running

PROGRAM = str(Path(sys.executable).with_name("quorate-node"))


@dataclass(frozen=True)
class Printed:
    """What `quorate-node init` showed on the machine's terminal."""

    id: str
    identity: str
    words: list[str]


class Machine:
    """One node: its configuration file, and its process while it runs."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, name
        self.file = folder / "node.toml"
        self.keeper: subprocess.Popen[bytes] | None = None

    def init(self, running: Running, *, deployment: str, provider_founding: str) -> Printed:
        """Make the node, told only what its installer knows."""
        text = subprocess.run(
            [
                *(PROGRAM, "init", "--state", str(self.folder / "state"), "--config", str(self.file)),
                *("--name", self.name, "--deployment", deployment),
                *("--provider-founding", provider_founding, "--heartbeat-seconds", "2"),
                *("--broker", f"sqla+sqlite:///{running.state}/broker.sqlite3"),
            ],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout
        lines = text.splitlines()
        return Printed(
            id=re.search(rf"Node {self.name} \(([0-9a-f]{{32}})\)", text)[1],
            identity=re.search(r"Identity key: +(\S+)", text)[1],
            words=lines[-1].split(),
        )

    def run(self, running: Running) -> None:
        """Start the agent, which ends with this test run at the latest."""
        self.keeper = start_kept(
            [PROGRAM, "run", "--config", str(self.file)],
            environment=running.environment,
            log=self.folder / "node.log",
        )

    def stop(self) -> None:
        """End the agent in order."""
        if self.keeper is not None:
            self.keeper.terminate()
            self.keeper.wait()
