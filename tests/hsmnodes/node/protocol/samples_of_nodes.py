"""The samples of what nodes say of themselves and of each other."""

from hsmnodes.node.protocol import documents
from hsmnodes.node.protocol.canonical import b64u
from hsmnodes.node.protocol.documents import Document
from hsmnodes.node.protocol.purposes import Purpose
from tests.cast.charters import DEPLOYMENT
from tests.cast.people import MERIDIAN, make_id, named
from tests.hsmnodes.node.protocol.making import NOW

HASH = "0123456789abcdef" * 4
AMS_1 = {"deployment": DEPLOYMENT, "node": named("ams-1"), "at": NOW}


def by_nodes() -> dict[str, Document]:
    """Each by the name of its file."""
    head = {"sequence": 7, "hash": HASH}
    return {
        "node-signed": documents.NodeSigned(
            purpose=Purpose.RECEIPT, node=make_id("ams-1"), payload=b64u(b"{}"), signature=b64u(bytes(64))
        ),
        "heartbeat": documents.Heartbeat(
            **AMS_1,
            state="ready",
            reason="",
            journal=head,
            enrolled=True,
            at_work=make_id("proposal"),
            witness="peers",
            charters=({"kind": "customer", "id": MERIDIAN.id, "version": 1, "hash": HASH},),
            capacity={"slots": 8, "slots_used": 1, "keys": 12},
            versions={"agent": "0.1.0", "driver": "softhsm2", "library": "2.6.1"},
        ),
        "heartbeat-of-a-member": documents.Heartbeat(
            **AMS_1,
            state="ready",
            reason="",
            journal=head,
            enrolled=True,
            at_work=None,
            witness="peers",
            charters=(),
            capacity={"slots": 8, "slots_used": 1, "keys": 12},
            versions={"agent": "0.1.0", "driver": "softhsm2", "library": "2.6.1"},
            zones=(
                {
                    "id": make_id("Payments"),
                    "keys": 12,
                    "digest": HASH,
                    "epoch": 1,
                    "kcv": "a1b2c3",
                    "changed": NOW,
                },
            ),
            endpoint=True,
            member_of={"id": make_id("Pair"), "revision": 2, "state": HASH},
            standings=(
                {"zone": make_id("Payments"), "state": "behind", "since": NOW, "peer": named("fra-1")},
                {"zone": make_id("Cards"), "state": "unheard", "since": NOW},
            ),
        ),
        "cluster": documents.ClusterState(
            cluster=named("Pair"),
            mode="failover",
            members=(
                {"id": make_id("ams-1"), "name": "ams-1", "identity": HASH},
                {"id": make_id("fra-1"), "name": "fra-1", "identity": "ab" * 32},
            ),
            revision=2,
            previous=HASH,
        ),
        "witness-request": documents.WitnessRequest(**AMS_1, nonce=make_id("nonce")),
        "witness": documents.WitnessStatement(
            deployment=DEPLOYMENT,
            by=named("fra-1"),
            about=named("ams-1"),
            nonce=make_id("nonce"),
            at=NOW,
            **head,
        ),
    }
