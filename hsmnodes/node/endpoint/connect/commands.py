"""Connect an application on this host to its keys in an HSM: `quorate-connect COMMAND FOLDER`.

    new      make the application's keys in FOLDER, and request.json for those who admit it
    install  check the connection kits and a sealed PIN that came with them, and put them into FOLDER
    check    check what is installed: the nodes' signatures, every file, and that it is for this application
    start    check that, then run haproxy (or stunnel) in the foreground
    test     list the keys that the application may use

An application that is on several nodes has a kit of each. By default it uses all of them, or, if the kits say
that their nodes are a failover cluster, the first that can be reached, in the cluster's order. With
--failover it is that in any case, in the order in which they were admitted if there is no other; with
--balance, all.

Needs Python 3.9 with `cryptography`, and haproxy or stunnel. What is secret (application.pem, sealing.key,
pin) is made and kept here, readable by its owner alone, and is never sent anywhere.
"""

import argparse
import hashlib
import json
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from .encoding import b64u, sha256, words
from .kits import (
    KIT_FOLDER,
    by_failover,
    checked,
    installed,
    kit_folders,
    node_certificate,
    open_pin,
    ordered,
    read_archive,
    told,
    without,
)
from .own import HOUR, VALID_SECONDS, make_certificate, pem, write_secret
from .programs import address, haproxy_cfg, is_known, stunnel_conf
from .refused import Refused
from .sealed import public_bytes
from .written import client_module, write_for_programs


def main() -> int:
    """Carry out one command."""
    parser = argparse.ArgumentParser(
        prog="quorate-connect", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("new", "install", "check", "start", "test"):
        commands.add_parser(name).add_argument("folder", type=Path)
    commands.choices["new"].add_argument("--name", required=True, help="what the application is called")
    install_ = commands.choices["install"]
    install_.add_argument("kit", type=Path, nargs="+", help="the kit of each node")
    install_.add_argument("--pin", type=Path, required=True, help="the sealed PIN of one of them")
    install_.add_argument("--node-words", required=True, help="the eight words of one node's identity key")
    start_ = commands.choices["start"]
    start_.add_argument("--by", choices=("haproxy", "stunnel"), default="haproxy")
    how = start_.add_mutually_exclusive_group()
    how.add_argument("--failover", action="store_true", help="use one node, and the next only without it")
    how.add_argument("--balance", action="store_true", help="use all nodes, whatever the kits say")
    options = parser.parse_args()
    try:
        COMMANDS[options.command](options)
    except (Refused, OSError) as error:
        sys.stderr.write(f"quorate-connect: {error}\n")
        return 1
    return 0


def new(options: argparse.Namespace) -> None:
    """Make the key pair for the connection, its certificate, and the key that the PIN is sealed to."""
    folder: Path = options.folder
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if (folder / "application.pem").exists():
        raise Refused(f"There is an application in {folder} already.")
    key, sealing = ec.generate_private_key(ec.SECP256R1()), X25519PrivateKey.generate()
    now = int(time.time())
    certificate = make_certificate(key, options.name, now - HOUR, now + VALID_SECONDS)
    der = certificate.public_bytes(serialization.Encoding.DER)
    write_secret(folder / "application.pem", certificate.public_bytes(serialization.Encoding.PEM) + pem(key))
    write_secret(folder / "sealing.key", pem(sealing))
    info = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    request = {
        "type": "quorate/application-request/v1",
        "name": options.name,
        "certificate": b64u(der),
        "public_key": hashlib.sha256(info).hexdigest(),
        "valid_from": now - HOUR,
        "valid_until": now + VALID_SECONDS,
        "sealing_key": b64u(public_bytes(sealing)),
    }
    (folder / "request.json").write_text(json.dumps(request, indent=2) + "\n")
    say(f"Made {folder}/request.json. Give it to those who admit the application, and compare with them")
    say("what the desk shows:")
    say(f"  public key        {words(request['public_key'])}")
    say(f"  certificate       {words(sha256(der))}")
    say(f"  key for its PIN   {words(sha256(public_bytes(sealing)))}")


def install(options: argparse.Namespace) -> None:
    """Check the kits against the words of one of their nodes and this application, then keep them."""
    folder = options.folder
    archives = [read_archive(path) for path in options.kit]
    kits = [checked(folder, files) for files in archives]
    anchor = next((kit for kit in kits if told(kit) == " ".join(options.node_words.split())), None)
    if anchor is None:
        raise Refused("No kit is signed by the node with these words.")
    order = ordered(anchor, kits)
    sealed = options.pin.read_bytes()
    pin = next((opened for kit in kits if (opened := open_pin(folder, kit, sealed))), None)
    if pin is None:
        raise Refused("The sealed PIN does not open: it is for another application, node or key.")
    for old in kit_folders(folder):
        shutil.rmtree(old)
    for place, which in enumerate(order, start=1):
        target = folder / (KIT_FOLDER if place == 1 else f"{KIT_FOLDER}-{place}")
        target.mkdir(mode=0o700)
        for name, content in archives[which].items():
            (target / name).write_bytes(content)
    (folder / "run").mkdir(mode=0o700, exist_ok=True)
    write_secret(folder / "node-identity", anchor["identity"].encode())
    write_secret(folder / "pin", pin)
    write_for_programs(folder, anchor["token"])
    for which in order:
        kit = kits[which]
        say(f"Installed: {kit['application']['name']} on node {kit['node']['name']}, {address(kit)}.")
    for missing in without(anchor, kits):
        say(f"Not installed: there is no kit of node {missing}. Install all of them again when there is.")


def check(options: argparse.Namespace) -> None:
    """Check what is installed."""
    kits, anchor = installed(options.folder)
    for kit in kits:
        say(f"The kit is whole: {kit['application']['name']}, node {kit['node']['name']}.")
    order = [kits[which]["node"]["name"] for which in by_failover(kits, anchor)]
    if len(order) > 1:
        say(f"They are a failover cluster: {order[0]} serves, and then {', '.join(order[1:])}.")


def start(options: argparse.Namespace) -> None:
    """Check what is installed, and become the program that keeps the connection."""
    kits, anchor = installed(options.folder)
    kits = _with_known_names(kits)
    order = by_failover(kits, anchor)
    os.chdir(options.folder)
    Path("run/token").unlink(missing_ok=True)
    write_secret(Path("run/nodes.pem"), b"".join(node_certificate(folder) for folder in kit_folders(Path())))
    write = stunnel_conf if options.by == "stunnel" else haproxy_cfg
    file = Path(f"run/{options.by}.conf")
    failover = options.failover or bool(order and not options.balance)
    if failover and order:
        kits = [kits[which] for which in order]
    write_secret(file, write(kits, failover=failover).encode())
    command = {"haproxy": ["haproxy", "-db", "-f", str(file)], "stunnel": ["stunnel", str(file)]}[options.by]
    os.environ["PATH"] = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin"
    if shutil.which(command[0]) is None:
        raise Refused(f"There is no {command[0]} on this host. Install it, and start again.")
    for kit in kits:
        say(f"Connecting to node {kit['node']['name']}, {address(kit)}.")
    say("This lasts until it is stopped (Ctrl-C). In another terminal, test FOLDER lists what may be used.")
    sys.stdout.flush()
    os.execvp(command[0], command)


def _with_known_names(kits: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The kits of nodes whose names lead to an address now: with another, nothing would start."""
    known = [kit for kit in kits if is_known(kit)]
    if not known:
        raise Refused("Nobody knows the name of any node here. Look at this host's DNS, and start again.")
    for kit in kits:
        if kit not in known:
            say(f"Left out until the next start: nobody knows {kit['host']}, node {kit['node']['name']}.")
    return known


def test(options: argparse.Namespace) -> None:
    """List what the application can use, through the connection that `start` keeps."""
    folder = options.folder.resolve()
    kit = installed(folder)[0][0]
    module = client_module()
    os.environ["P11_KIT_SERVER_ADDRESS"] = f"unix:path={folder}/run/token"
    os.environ["QUORATE_PIN"] = (folder / "pin").read_text()
    command = [
        "pkcs11-tool",
        "--module",
        module,
        "--token-label",
        kit["token"],
        "--login",
        "--pin",
        "env:QUORATE_PIN",
    ]
    os.execvp(command[0], [*command, "--list-objects"])


def say(text: str) -> None:
    """Tell the person."""
    sys.stdout.write(text + "\n")


COMMANDS = {"new": new, "install": install, "check": check, "start": start, "test": test}
