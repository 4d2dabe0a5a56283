"""The sample data centres and nodes: configured, made by the node's own command, and enrolled by warrant."""

import os
import shutil
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from pydantic import ValidationError

from console.demo.cast import APPROVE, DATA_CENTRES, PROPOSES
from console.demo.people import member
from console.demo.signing import carry_through
from console.desk.simulator import Simulator
from hsmnodes import carrier
from hsmnodes.models import DataCentre, Node
from hsmnodes.node.agent.config import Config, EndpointSettings, Pkcs11
from hsmnodes.node.agent.installing import check_beginning
from hsmnodes.node.agent.journal import Journal
from hsmnodes.node.agent.store import Store
from hsmnodes.node.drivers.pkcs11.profile import SOFTHSM2_OF_DEBIAN
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import Named
from hsmnodes.registering import add_data_centre, enrolment_parameters, register_node
from tenants import charters, deployment, drafting, tags
from tenants.identifiers import new_id
from tenants.models import Organisation, Person, Proposal, State

PASSABLE = 0o711


@dataclass(frozen=True)
class Site:
    """A node to be: in which data centre, and its configuration file."""

    centre: DataCentre
    config: Config
    file: Path


def set_up_nodes(simulator: Simulator) -> None:
    """Make the sample nodes and have their enrolment signed, as far as that has not been done."""
    proposer = member(PROPOSES)
    sites = [
        _configure(_data_centre(centre, proposer), name)
        for centre, names in DATA_CENTRES.items()
        for name in names
    ]
    known = set(Node.objects.values_list("id", flat=True))
    with ThreadPoolExecutor() as pool:
        new = [site.file for site in sites if site.config.node.id not in known]
        list(pool.map(_initialise, new))
    carrier.declare_queues([site.config.node.id for site in sites])
    for site in sites:
        _enrol(_register(site, proposer), proposer, simulator)


def _data_centre(name: str, proposer: Person) -> DataCentre:
    known = DataCentre.objects.filter(provider=proposer.organisation, name=name).first()
    return known or add_data_centre(name=name, by=proposer)


def _configure(centre: DataCentre, name: str) -> Site:
    """The node's configuration: kept once it is written, for the node's journal begins with it."""
    folder = settings.STATE_DIR / "nodes" / name
    file = folder / "node.toml"
    if file.exists():
        return Site(centre, Config.load(file), file)
    for path in (folder.parent, folder):
        path.mkdir(exist_ok=True)
        path.chmod(PASSABLE)
    here = deployment.current()
    config = Config(
        deployment=here.id,
        demo=here.demo,
        provider_founding=_anchor(centre.provider),
        node=Named(id=new_id(), name=name),
        pkcs11=Pkcs11(profile="softhsm2", module=SOFTHSM2_OF_DEBIAN),
        state=folder / "state",
        broker=settings.BROKER_URL,
        heartbeat_seconds=2,
        endpoint=_endpoint(folder / "endpoint"),
    )
    config.save(file)
    return Site(centre, config, file)


def _endpoint(folder: Path) -> EndpointSettings | None:
    """An endpoint for applications on this machine, if HAProxy is here and its user can reach the folder.

    HAProxy runs as the one who runs the node, but never as root.
    """
    passable = os.geteuid() != 0 or all(parent.stat().st_mode & 0o001 for parent in folder.parents)
    if shutil.which("haproxy", path="/usr/sbin:/usr/bin") is None or not passable:
        return None
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    try:
        return EndpointSettings(folder=folder, host="127.0.0.1", port=port, address="127.0.0.1")
    except ValidationError:  # a path that is too long for the sockets below it
        return None


def _anchor(provider: Organisation) -> str:
    anchor = charters.anchor_of(provider.id)
    if anchor is None:
        raise RuntimeError(f"{provider.name} has no charter in force")
    return anchor


def _initialise(file: Path) -> None:
    """Run the node's own command, which does nothing to a node that is there."""
    beside = Path(sys.executable).with_name("quorate-node")
    program = str(beside) if beside.exists() else shutil.which("quorate-node") or "quorate-node"
    done = subprocess.run(
        [program, "init", "--config", str(file)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"quorate-node init failed for {file}:\n{done.stdout}{done.stderr}")


def _register(site: Site, proposer: Person) -> Node:
    config = site.config
    known = Node.objects.filter(pk=config.node.id).first()
    if known is not None:
        return known
    store = Store(config.database)
    try:
        identity = check_beginning(config, Journal(store))
    finally:
        store.close()
    return register_node(
        data_centre=site.centre,
        name=config.node.name,
        identity=canonical.b64u(identity),
        by=proposer,
        node_id=config.node.id,
    )


def _enrol(node: Node, proposer: Person, simulator: Simulator) -> None:
    """Propose the enrolment and have it approved. The outbox delivers it when the node runs."""
    under_way = Proposal.objects.filter(operation=tags.ENROL_NODE, node=node.id).exclude(
        state__in=[State.DRAFT, State.PROPOSED, State.EXPIRED, State.CANCELLED, State.REFUSED]
    )
    if under_way.exists():
        return
    document = drafting.build_proposal(
        operation=tags.ENROL_NODE,
        parameters=enrolment_parameters(node),
        requester=proposer,
        reason=f"Node {node.name} of the sample deployment.",
        nodes=[node.at()],
    )
    carry_through(
        document, requester=proposer, approvers=[member(name) for name in APPROVE], simulator=simulator
    )
