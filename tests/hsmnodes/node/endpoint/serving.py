"""A node that serves applications for real (SoftHSM2, p11-kit, HAProxy), and hosts that use it by the kit."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psutil

from hsmnodes.node.agent.config import EndpointSettings
from hsmnodes.node.agent.messages import SuspensionMessage
from hsmnodes.node.agent.serving import serving
from hsmnodes.node.endpoint.kit import tool
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import AuthorityKind, Role, Suspension, Warrant
from hsmnodes.node.protocol.words import fingerprint
from tests.cast.applications import (
    Application,
    admit_application,
    remove_application,
    resume_application,
)
from tests.cast.charters import Chain, make_charter
from tests.cast.deployment import Deployment
from tests.cast.people import DINA, LUMEN, LUMEN_PEOPLE, Member, named
from tests.cast.signing import make_warrant, suspend_application
from tests.hsmnodes.node.agent.making import Site, carrying, real_drivers, wait_until

MODULE = next(Path("/usr/lib").glob("*/pkcs11/p11-kit-client.so"), Path("/usr/lib/pkcs11/p11-kit-client.so"))
SECONDS = 20
LIVE_CLIENT = """
import os, sys, time, pkcs11
token = pkcs11.lib(sys.argv[1]).get_token(token_label=os.environ["QUORATE_TOKEN"])
session = token.open(user_pin=sys.argv[2])
key = session.get_key(label="orders", object_class=pkcs11.ObjectClass.PRIVATE_KEY)
print("signing", flush=True)
while True:
    time.sleep(0.02)
    try:
        key.sign(bytes(32), mechanism=pkcs11.Mechanism.ECDSA)
    except pkcs11.exceptions.ObjectHandleInvalid:
        pass  # the key is gone, and the connection has yet to follow
    except pkcs11.exceptions.PKCS11Error as error:
        print(type(error).__name__, flush=True)
        break
"""
KEEPERS = tuple(Member(name, LUMEN, (Role.KEY_MANAGER,)) for name in ("Nora", "Otto", "Pia"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


OF_PAYMENTS = (
    ("orders", "ec-p256", ("sign",)),
    ("letters", "rsa-2048", ("decrypt", "sign")),
    ("salaries", "ec-p256", ("sign",)),
    ("vault", "rsa-2048", ("decrypt",)),
)


class Served:
    """A node with a zone and its keys, and what serves applications beside it."""

    def __init__(self, folder: Path) -> None:
        self.cast = Deployment()
        self.port = free_port()
        settings = EndpointSettings(
            folder=folder / "endpoint", host="127.0.0.1", port=self.port, address="127.0.0.1"
        )
        self.site = Site(folder, self.cast, drivers=real_drivers, endpoint=settings)
        self.zone = self.cast.zone()
        self.site.with_zone(self.zone)
        self.keys = {}
        self._generate(self.zone, OF_PAYMENTS)
        self._endpoint = ExitStack()
        self.serve()

    def serve(self) -> None:
        """Begin to serve."""
        self._endpoint.enter_context(serving(self.site.config, self.site.node))

    def restart(self) -> None:
        """Stop node and endpoint, and start both again."""
        self._endpoint.close()
        self.site.start()
        wait_until(lambda: bool(self.site.node.advance()) or self.site.state == "ready")
        self.site.node.advance()
        self.serve()

    def close(self) -> None:
        self._endpoint.close()
        self.site.stop()

    @property
    def zone_id(self) -> str:
        return self.zone.current.authority.id

    @property
    def words(self) -> str:
        return " ".join(fingerprint(canonical.sha256_hex(self.site.at.identity)))

    def with_ledger(self) -> Chain:
        """The zone of Lumen Health on the same node, with a key called `entries`."""
        site, cast = self.site, self.cast
        members = (*LUMEN_PEOPLE, Member("Rita", LUMEN, (Role.AUDITOR,)))
        cast.lumen = Chain.founded(
            make_charter(AuthorityKind.CUSTOMER, LUMEN, members, now=cast.now), members
        )
        service, slot = named("Ledger service"), named("Slot of the ledger")
        started = cast.start_service(site.at, service=service, customer=cast.lumen, officers=LUMEN_PEOPLE)
        ledger = cast.zone(named("Ledger"), service=service, members=KEEPERS, customer=LUMEN)
        founded = cast.found_zone(ledger, requester=members[-1], officers=LUMEN_PEOPLE)
        made = cast.create_slot(site.at, ledger, founded, slot=slot, managers=KEEPERS[:2])
        assert site.send(started, cast.lumen).outcome == "done"
        assert site.send(made, ledger).outcome == "done"
        key = {"label": "entries", "algorithm": "ec-p256", "usages": ["sign"]}
        receipt = site.send(self._of_the_ledger(ledger, "key.generate/v1", keys=[key]))
        self.keys |= {key["label"]: key for key in receipt.results["keys"]}
        return ledger

    def admit_to_ledger(self, ledger: Chain, application: Application, label: str):
        """The receipt of an admission that Lumen Health's people decided."""
        asked = {"id": self.keys[label]["id"], "label": label, "usages": ["sign"]}
        wanted = {"application": application.named.model_dump(), **application.request, "keys": [asked]}
        return self.site.send(self._of_the_ledger(ledger, "application.admit/v1", **wanted))

    def _of_the_ledger(self, ledger: Chain, tag: str, **parameters) -> Warrant:
        parameters["zone"] = ledger.current.authority.model_dump(include={"id", "name"})
        nora, *others = KEEPERS
        return make_warrant(self.cast.propose(tag, parameters, [ledger], [self.site.at], nora), nora, others)

    def admit(self, application: Application, *keys: tuple[str, tuple[str, ...]]):
        """What the node says of an admission: its receipt, and what came beside it, by how its name ends."""
        admitted = [(self.keys[label]["id"], label, usages) for label, usages in keys]
        warrant = admit_application(self.cast, self.site.at, self.zone, application, admitted)
        [said] = self.site.deliver(carrying(warrant)).said
        beside = {one.name.split(".")[1]: canonical.b64u_decode(one.data) for one in said.attachments}
        return self.site.read(said), beside

    def remove(self, application: Application):
        return self.site.send(remove_application(self.cast, self.site.at, self.zone, application.named))

    def suspend(self, application: Application) -> Suspension:
        """Dina suspends it, on her word alone."""
        suspension = suspend_application(self.zone.current, application.named, DINA, at=self.cast.now)
        message = SuspensionMessage(suspension=canonical.b64u(suspension.raw))
        assert self.site.deliver(message).refused is None
        return suspension

    def resume(self, application: Application, suspension: Suspension):
        """A quorum has it served again."""
        warrant = resume_application(self.cast, self.site.at, self.zone, application.named, [suspension])
        return self.site.send(warrant)

    def endpoint_processes(self) -> list[psutil.Process]:
        """What serves: HAProxy and the servers of p11-kit, with what they forked."""
        folder = str(self.site.config.endpoint.folder)
        found = []
        for one in psutil.Process().children(recursive=True):
            with suppress(psutil.NoSuchProcess):  # it ended meanwhile, or waits to be noticed
                found += [one] if any(folder in word for word in one.cmdline()[1:]) else []
        return found

    def _generate(self, zone: Chain, wanted) -> None:
        made = self.site.send(self.cast.generate_keys(self.site.at, zone, *wanted))
        assert made.outcome == "done", made
        self.keys |= {key["label"]: key for key in made.results["keys"]}


@contextmanager
def endpoint_folder():
    """A folder that another user can reach, with a short name: sockets are made below it."""
    folder = Path(tempfile.mkdtemp(prefix="qrt-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def served():
    """A node that serves until this ends."""
    with endpoint_folder() as folder:
        one = Served(folder)
        try:
            yield one
        finally:
            one.close()


class Host:
    """The host of an application: a folder, and the tool, which is all that it gets."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder / name
        self.name = name
        self.tool = folder / "quorate-connect"
        self.tool.write_bytes(tool())
        self._programs: list[subprocess.Popen] = []

    def connect(self, *command: str | Path) -> subprocess.CompletedProcess:
        """Run the tool."""
        return subprocess.run(
            [sys.executable, self.tool, *command],
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def new(self) -> Application:
        made = self.connect("new", self.folder, "--name", self.name)
        assert made.returncode == 0, made.stderr
        return Application.of(json.loads((self.folder / "request.json").read_text()))

    def install(
        self, beside: dict[str, bytes], words: str, *others: dict[str, bytes]
    ) -> subprocess.CompletedProcess:
        """Install what came beside the receipt of a node, and the kits of others."""
        pin = self.folder / "received.pin"
        pin.write_bytes(beside["pin"])
        kits = [self.folder / f"received-{place}.kit" for place in range(1 + len(others))]
        for kit, came in zip(kits, (beside, *others), strict=True):
            kit.write_bytes(came["kit"])
        return self.connect("install", self.folder, *kits, "--pin", pin, "--node-words", words)

    @property
    def socket(self) -> Path:
        return self.folder / "run" / "token"

    @property
    def pin(self) -> str:
        return (self.folder / "pin").read_text()

    @property
    def token(self) -> str:
        envelope = json.loads((self.folder / "kit" / "kit.json").read_text())
        return json.loads(canonical.b64u_decode(envelope["payload"]))["token"]

    def start(self, by: str = "haproxy", *options: str) -> "Host":
        """Keep the connection, and wait until it lets a token be seen."""
        connection = subprocess.Popen(
            [sys.executable, self.tool, "start", self.folder, "--by", by, *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._programs.append(connection)
        wait_until(self.socket.exists, seconds=SECONDS)
        return self

    def stop(self) -> None:
        for program in self._programs:
            program.kill()
            program.communicate()
        self._programs.clear()

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {
            "P11_KIT_SERVER_ADDRESS": f"unix:path={self.socket}",
            "QUORATE_TOKEN": self.token,
        }

    def run(self, *command: str | Path) -> subprocess.CompletedProcess:
        """Run a program of the application's."""
        return subprocess.run(
            command, capture_output=True, text=True, env=self.environment, timeout=SECONDS, check=False
        )

    def begin(self, *command: str | Path) -> subprocess.Popen:
        """Start a program of the application's; it ends with the host."""
        program = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.environment
        )
        self._programs.append(program)
        return program

    def pkcs11_tool(self, *options: str | Path, login: bool = True) -> subprocess.CompletedProcess:
        pin = ["--login", "--pin", self.pin] if login else []
        return self.run("pkcs11-tool", "--module", MODULE, "--token-label", self.token, *pin, *options)

    def is_served(self) -> bool:
        return self.pkcs11_tool("--list-objects").returncode == 0


def live(host: Host) -> subprocess.Popen:
    """A program on a host that signs and signs."""
    program = host.begin(sys.executable, "-c", LIVE_CLIENT, MODULE, host.pin)
    assert program.stdout.readline() == "signing\n", program.stderr.read()
    return program


def wait_for(condition, *, seconds: float = SECONDS) -> float:
    """Wait for something; how many seconds it took."""
    began = time.monotonic()
    wait_until(condition, seconds=seconds)
    return time.monotonic() - began


@contextmanager
def connected(node: Served, folder: Path, name: str, *keys, by: str = "haproxy"):
    """The host of an application that was admitted to these keys, and is connected until this ends."""
    host = Host(folder, name)
    host.application = host.new()
    receipt, beside = node.admit(host.application, *keys)
    assert receipt.outcome == "done", receipt
    installed = host.install(beside, node.words)
    assert installed.returncode == 0, installed.stderr
    try:
        wait_for(host.start(by).is_served)
        yield host
    finally:
        host.stop()
