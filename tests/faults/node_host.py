"""A node on a host of its own: its agent, its disk, and its clock."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from console.server.plan import program
from hsmnodes.node.agent.config import Config, EndpointSettings, Pkcs11
from hsmnodes.node.agent.installing import install
from hsmnodes.node.agent.pools import open_pool
from hsmnodes.node.drivers.pkcs11.profile import SOFTHSM2_OF_DEBIAN
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import Named
from hsmnodes.node.protocol.words import fingerprint
from tests.faults.network import Host
from tests.servers.process import KeptProcess

PORT = 7443
SMALL_DISK = "96m"
CLOCK_LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
# Puts a small disk where a folder is, in a mount namespace of its own that lasts as long as this process. In
# the folder itself nothing is left: who looks there from outside must not find how things were before.
KEEP_DISK = """
mkdir "$1.disk" && mount -t tmpfs -o "size=$2,mode=711" disk "$1.disk" &&
cp -a "$1/." "$1.disk/" && find "$1" -mindepth 1 -delete &&
mount --move "$1.disk" "$1" && echo ready && exec sleep infinity
"""
READ_JOURNAL = """
import json, sqlite3, sys
journal = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True, timeout=20)
rows = journal.execute("SELECT entry FROM entries ORDER BY sequence")
print(json.dumps([json.loads(entry) for (entry,) in rows]))
"""


class NodeHost:
    """The node, perhaps with a small disk that can be filled."""

    def __init__(self, folder: Path, host: Host, named: Named, *, small_disk: bool) -> None:
        self.folder, self.host, self.named = folder / host.name, host, named
        self.small_disk = small_disk
        self.folder.mkdir(mode=0o711)
        self.file = folder / f"{host.name}.toml"
        self.clock = folder / f"{host.name}.clock"
        self._stack, self._process = ExitStack(), None

    def install(self, *, deployment: str, anchor: str, broker: str, now: int) -> None:
        """Make it, as `quorate-node init` does."""
        self.config = Config(
            deployment=deployment,
            demo=True,
            provider_founding=anchor,
            node=self.named,
            pkcs11=Pkcs11(profile="softhsm2", module=SOFTHSM2_OF_DEBIAN),
            state=self.folder / "state",
            broker=broker,
            heartbeat_seconds=1,
            endpoint=EndpointSettings(
                folder=self.folder / "endpoint", host=self.host.address, port=PORT, address="*"
            ),
        )
        self.config.save(self.file)
        pool = open_pool(self.config)
        self.identity = install(self.config, pool, now=now)
        pool.close()
        if self.small_disk:
            self._keep_on_small_disk()

    @property
    def words(self) -> str:
        """The words of its identity key."""
        return " ".join(fingerprint(canonical.sha256_hex(self.identity)))

    @property
    def seen(self) -> Path:
        """Its folder as it is seen from outside."""
        return Path(f"/proc/{self._disk}/root{self.folder}") if self.small_disk else self.folder

    # -------------------------------------------------------------- its agent

    def start(self, *, fake_clock: bool = False) -> None:
        """Start the agent; with a fake clock `set_clock` counts, but sleeping can fail."""
        command = [program("quorate-node"), "run", "--config", str(self.file)]
        if fake_clock:
            command = [*self._clock_words(), *command]
        self._process = KeptProcess(
            [*self._beside_disk(), *command], folder=self.file.parent, name=self.host.name
        )
        with self.host.inside.entered():
            self._process.start(self._process.pid_file.exists)

    def kill(self) -> None:
        """End the agent by kill -9."""
        self._process.kill()

    def stop(self) -> None:
        """End the agent in order."""
        if self._process is not None:
            self._process.stop()

    def log(self) -> str:
        """What the agent has printed."""
        return (self.file.parent / f"{self.host.name}.log").read_text(errors="replace")

    # -------------------------------------------------------------- its clock

    def set_clock(self, seconds: int) -> None:
        """Have its clock be so many seconds ahead; less than nothing is behind."""
        self.clock.write_text(f"{seconds:+d}\n")

    def _clock_words(self) -> Sequence[str]:
        self.set_clock(0)
        settings = {
            "LD_PRELOAD": CLOCK_LIBRARY,
            "FAKETIME_TIMESTAMP_FILE": self.clock,
            "FAKETIME_CACHE_DURATION": 1,
            "FAKETIME_DONT_FAKE_MONOTONIC": 1,
        }
        return ["env", *(f"{name}={value}" for name, value in settings.items())]

    # -------------------------------------------------------------- its disk

    @contextmanager
    def full_disk(self) -> Iterator[None]:
        """Take all the room there is on its disk, and whatever becomes free, until this ends."""
        ended, file = threading.Event(), self.seen / "filler"

        def fill() -> None:
            with file.open("ab", buffering=0) as filler:
                while not ended.wait(0.01):
                    with suppress(OSError):
                        while True:
                            filler.write(bytes(4096))

        filling = threading.Thread(target=fill)
        filling.start()
        try:
            yield
        finally:
            ended.set()
            filling.join()
            file.unlink()

    def _beside_disk(self) -> Sequence[str]:
        """The beginning of a command that finds its disk where the agent does."""
        return ["nsenter", f"--mount=/proc/{self._disk}/ns/mnt", "--"] if self.small_disk else []

    def _keep_on_small_disk(self) -> None:
        keeper = KeptProcess(
            ["unshare", "--mount", "sh", "-c", KEEP_DISK, "disk", str(self.folder), SMALL_DISK],
            folder=self.file.parent,
            name=f"{self.host.name}-disk",
        )
        keeper.start(lambda: "ready" in keeper.log_end())
        self._stack.callback(keeper.stop)
        self._disk = int(keeper.pid_file.read_text())

    # -------------------------------------------------------------- what it has

    def serials(self) -> set[str]:
        """The serial numbers of the tokens that it serves: the ends of their folders' names."""
        found = (self.seen / "endpoint" / "tokens").glob("*/tokens/*-*")
        return {one.name.replace("-", "")[-16:] for one in found}

    def entries(self) -> list[dict]:
        """The entries of its journal.

        They are read where the agent is: SQLite follows the links in a path by itself, and that of
        `seen` leads it back to the folder outside.
        """
        database = self.folder / "state" / "journal.sqlite3"
        words = [*self._beside_disk(), sys.executable, "-I", "-c", READ_JOURNAL, str(database)]
        return json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)

    def close(self) -> None:
        """End everything."""
        self.stop()
        self._stack.close()


def missing_for_faults() -> str | None:
    """What this machine lacks to strike faults, if anything."""
    if os.geteuid() != 0:
        return "root's rights"
    if CLOCK_LIBRARY is None:
        return "library of the package faketime"
    mounting = ["unshare", "--mount", "mount", "-t", "tmpfs", "disk", "/mnt"]
    done = subprocess.run(mounting, capture_output=True, text=True, check=False)
    return f"right to mount: {done.stderr.strip()}" if done.returncode else None
