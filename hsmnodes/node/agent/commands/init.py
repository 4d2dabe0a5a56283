"""`quorate-node init`: make a node and show the words of its identity key."""

import argparse
import secrets
import time
from pathlib import Path

from pydantic import ValidationError

from hsmnodes.node.agent.commands import DONE
from hsmnodes.node.agent.config import Config, EndpointSettings, Pkcs11
from hsmnodes.node.agent.errors import NodeError
from hsmnodes.node.agent.installing import install
from hsmnodes.node.agent.pools import open_pool
from hsmnodes.node.agent.running import alone
from hsmnodes.node.agent.terminal import say
from hsmnodes.node.drivers.pkcs11.profile import SOFTHSM2_OF_DEBIAN
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents.base import Named, refusal
from hsmnodes.node.protocol.words import fingerprint


def describe(parser: argparse.ArgumentParser) -> None:
    """The arguments."""
    parser.add_argument("--config", type=Path, help="the configuration: read if it is there, else written")
    parser.add_argument("--state", type=Path, help="the node's state directory, to be made")
    parser.add_argument("--deployment", help="the id of the deployment")
    parser.add_argument("--provider-founding", help="the SHA-256 of the provider's founding charter")
    parser.add_argument("--name", help="what the node is called")
    parser.add_argument("--id", default=None, help="the node's id; drawn at random if it is not given")
    parser.add_argument("--broker", help="the broker's address")
    parser.add_argument("--profile", default="softhsm2", help="the vendor profile of the HSM")
    parser.add_argument("--module", type=Path, default=SOFTHSM2_OF_DEBIAN, help="the PKCS#11 module")
    parser.add_argument("--heartbeat-seconds", type=int, default=5)
    parser.add_argument("--endpoint-folder", type=Path, help="serve applications, from this folder")
    parser.add_argument("--endpoint-host", help="the name or address by which applications reach the node")
    parser.add_argument("--endpoint-port", type=int, default=9443)
    parser.add_argument("--demo", action="store_true", help="accept simulated tokens, and nothing but a demo")


def execute(options: argparse.Namespace) -> int:
    """Make the node, or finish what was begun; a node that is there only shows itself."""
    file = options.config or (options.state / "node.toml" if options.state else None)
    if file is None:
        raise NodeError("Give --config FILE or --state DIR.")
    config = Config.load(file) if file.exists() else _configure(options, file.absolute())
    with alone(config):
        pool = open_pool(config)
        try:
            identity = install(config, pool, now=int(time.time()))
        finally:
            pool.close()
    digest = canonical.sha256_hex(identity)
    say(
        f"Node {config.node.name} ({config.node.id}) is ready to be enrolled.",
        f"Configuration: {file}",
        f"Identity key:  {canonical.b64u(identity)}",
        f"SHA-256:       {digest}",
        "",
        "Compare these words with those the desk shows when the node is enrolled:",
        "",
        "    " + " ".join(fingerprint(digest)),
    )
    return DONE


def _endpoint(options: argparse.Namespace) -> EndpointSettings | None:
    if options.endpoint_folder is None:
        return None
    return EndpointSettings(
        folder=options.endpoint_folder.absolute(), host=options.endpoint_host, port=options.endpoint_port
    )


def _configure(options: argparse.Namespace, file: Path) -> Config:
    missing = [
        "--" + name.replace("_", "-")
        for name in ("state", "deployment", "provider_founding", "name", "broker")
        if getattr(options, name) is None
    ]
    if missing:
        raise NodeError(f"There is no configuration in {file} yet; to write it, give {', '.join(missing)}.")
    try:
        config = Config(
            deployment=options.deployment,
            demo=options.demo,
            provider_founding=options.provider_founding,
            node=Named(id=options.id or secrets.token_hex(16), name=options.name),
            pkcs11=Pkcs11(profile=options.profile, module=options.module.absolute()),
            state=options.state.absolute(),
            broker=options.broker,
            heartbeat_seconds=options.heartbeat_seconds,
            endpoint=_endpoint(options),
        )
    except ValidationError as error:
        raise NodeError(refusal(error, what="The configuration").message) from None
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    config.save(file)
    return config
