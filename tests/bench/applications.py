"""What an application's signature costs on its way: from the token itself to two nodes behind the kit.

Each layer is held against the one below it, in turns within one run: the token itself; p11-kit's RPC on the
node, by its socket; the kit on one node, which adds TLS by HAProxy on both sides; the kit on two nodes. The
application is one process, or four or sixteen of them, each with a session of its own.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.bench.figures import Figure, plain
from tests.hsmnodes.node.endpoint.pair import Pair
from tests.hsmnodes.node.endpoint.serving import MODULE, Host, endpoint_folder, wait_for

SECONDS, ROUNDS, TRIES = 1.0, 2, 5
PROCESSES = (1, 4, 16)
KEYS = {"orders": "P-256", "letters": "RSA-2048"}
SIGNER = """
import os, sys, time, pkcs11
module, pin, label, seconds = sys.argv[1:]
token = pkcs11.lib(module).get_token(token_label=os.environ["QUORATE_TOKEN"])
session = token.open(user_pin=pin)
key = session.get_key(label=label, object_class=pkcs11.ObjectClass.PRIVATE_KEY)
mechanism = pkcs11.Mechanism.RSA_PKCS if key.key_type is pkcs11.KeyType.RSA else pkcs11.Mechanism.ECDSA
key.sign(bytes(32), mechanism=mechanism)
print("ready", flush=True)
sys.stdin.readline()
count, until = 0, time.monotonic() + float(seconds)
while time.monotonic() < until:
    key.sign(bytes(32), mechanism=mechanism)
    count += 1
print(count, flush=True)
"""
Way = tuple[str, Path, Mapping[str, str]]
"""What a way to the keys is called, the module by which it is taken, and what the environment says of it."""


def measure() -> Iterator[Figure]:
    """Signatures a second by key, way and number of processes; the load of the machine before it all."""
    yield plain("load of the machine before the applications", "", os.getloadavg()[0])
    with _ways() as ways:
        for label, name in KEYS.items():
            for processes in PROCESSES:
                rates = _side_by_side(ways, label, processes)
                before = 0.0
                for (way, _, _), rate in zip(ways, rates, strict=True):
                    what = f"{name}, {processes} processes: {way}"
                    ratio = rate / before if before else None
                    yield Figure(what, "/s", rate, before or None, ratio)
                    before = rate


@contextmanager
def _ways() -> Iterator[list[Way]]:
    """The ways to the keys of an application."""
    with ExitStack() as stack:
        folders = [stack.enter_context(endpoint_folder()) for _ in range(2)]
        pair = stack.enter_context(Pair.opened(folders))
        hosts = []
        for nodes in (1, 2):
            host = Host(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="qrb-"))), f"of {nodes}")
            stack.callback(host.stop)
            came = pair.admit(host, *KEYS)[:nodes]
            installed = host.install(came[0], pair.words(0), *came[1:])
            if installed.returncode:
                raise RuntimeError(installed.stderr)
            wait_for(host.start().is_served)
            hosts.append(host)
        one, two = hosts
        folder = pair.sites[0].node.parts.zones.applications.folder
        profile = pair.sites[0].config.pkcs11
        direct = {"SOFTHSM2_CONF": str(folder.token(one.token) / "softhsm2.conf")}
        socket = f"unix:path={folder.socket(one.token)}"
        ways: list[Way] = [
            ("the token itself", profile.module, {"QUORATE_TOKEN": one.token, **direct}),
            (
                "by RPC on the HSM's host",
                MODULE,
                {"QUORATE_TOKEN": one.token, "P11_KIT_SERVER_ADDRESS": socket},
            ),
            ("by the kit, one HSM", MODULE, _of(one)),
            ("by the kit, two HSMs", MODULE, _of(two)),
        ]
        pins = {one.token: one.pin, two.token: two.pin}
        yield [(name, module, {**said, "PIN": pins[said["QUORATE_TOKEN"]]}) for name, module, said in ways]


def _of(host: Host) -> dict[str, str]:
    return {name: host.environment[name] for name in ("P11_KIT_SERVER_ADDRESS", "QUORATE_TOKEN")}


def _side_by_side(ways: list[Way], label: str, processes: int) -> list[float]:
    """The rate of each way: the best of rounds in which they take turns, for others use the machine, too."""
    rates: list[list[float]] = [[] for _ in ways]
    for _ in range(ROUNDS):
        for (_, module, said), found in zip(ways, rates, strict=True):
            found.append(_rate(module, said, label, processes))
    return [max(found) for found in rates]


def _rate(module: Path, said: Mapping[str, str], label: str, processes: int) -> float:
    """Signatures a second of several programs, all in the same second."""
    command = [sys.executable, "-c", SIGNER, str(module), said["PIN"], label, str(SECONDS)]
    programs = [_started(command, os.environ | dict(said)) for _ in range(processes)]
    for program in programs:
        program.stdin.write("\n")
        program.stdin.flush()
    return sum(int(program.communicate()[0]) for program in programs) / SECONDS


def _started(command: list[str], environment: Mapping[str, str]) -> subprocess.Popen[str]:
    """A program that has logged in. One after the other: while one does, SoftHSM2 refuses some others."""
    for _ in range(TRIES):
        program = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        if program.stdout.readline() == "ready\n":
            return program
        program.communicate()
    raise RuntimeError("a program cannot sign")
