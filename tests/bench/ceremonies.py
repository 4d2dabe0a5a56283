"""A ceremony in which 3 of 5 custodians prove their shares: the machine's time, people aside.

From the delivery of the warrant to the node's question, from each contribution to its answer, and from the
last one to the receipt; on SoftHSM2. What custodians' tokens and desks do is their own machines' time.
"""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.custody import open_box
from hsmnodes.node.protocol.documents import Ceremony, KeyShare, Role
from hsmnodes.node.protocol.purposes import Purpose
from tests.bench.figures import Figure, plain
from tests.cast.charters import DEPLOYMENT
from tests.cast.contributing import contribute
from tests.cast.deployment import PAYMENTS, Deployment
from tests.cast.people import DINA, EMIL, FAY, MERIDIAN, Member
from tests.hsmnodes.node.agent.making import Site, carrying, real_drivers

ROLES = (Role.CUSTODIAN, Role.KEY_MANAGER)
OTHERS = tuple(Member(name, MERIDIAN, ROLES) for name in ("Nora", "Otto"))
HOLDERS = (*(one.with_roles(*ROLES) for one in (DINA, EMIL, FAY)), *OTHERS)
TIMES = 5


def measure() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="quorate-bench-") as folder:
        cast = Deployment()
        zone = cast.zone(members=HOLDERS)
        site = Site(Path(folder), cast, drivers=real_drivers).with_zone(zone)
        began = time.perf_counter()
        [said] = site.deliver(carrying(cast.share_backup_key(site.at, zone, HOLDERS, threshold=3), zone)).said
        split = time.perf_counter() - began
        shares = _open(site, said)
        whole = sorted(_hold(site, cast, zone, shares) for _ in range(TIMES))[TIMES // 2]
        site.stop()
    yield plain("a backup key split among 5 custodians", "ms", split * 1000)
    yield plain("a ceremony of 3 of 5 custodians, the node's time", "ms", whole * 1000)


def _open(site: Site, said) -> dict[str, KeyShare]:
    """Each holder's share by their id, opened with the share key of their token."""
    boxes = {one.sha256: canonical.b64u_decode(one.data) for one in said.attachments}
    holders = {one.id: one for one in HOLDERS}
    found = {}
    for one in site.read(said).results["shares"]:
        member = holders[one["custodian"]["id"]]
        context = {
            "purpose": "quorate/sealed-share/v1",
            "deployment": DEPLOYMENT,
            "zone": PAYMENTS.id,
            "epoch": 1,
            "share_set": 1,
            "index": one["index"],
            "credential_id": member.key.credential_id,
        }
        found[member.id] = open_box(boxes[one["sealed_sha256"]], member.key.share_private, context)
    return found


def _hold(site: Site, cast: Deployment, zone, shares: dict[str, KeyShare]) -> float:
    """Seconds that the node takes for a drill."""
    message = carrying(cast.hold_drill(site.at, zone, shares=3))
    began = time.perf_counter()
    [said] = site.deliver(message).said
    seconds = time.perf_counter() - began
    ceremony = Ceremony.from_bytes(site.verified(said.envelope, Purpose.CEREMONY))
    for member in HOLDERS[:3]:
        given = contribute(ceremony, member, shares[member.id])
        began = time.perf_counter()
        last = site.deliver(given).said[-1]
        seconds += time.perf_counter() - began
    if site.read(last).outcome != "done":
        raise AssertionError(site.read(last))
    return seconds
