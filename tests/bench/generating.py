"""A large database around one zone that was really made: nodes, zones with their charters, slots, keys.

Keys are made by the database itself. Everything else has what pages, heartbeats and alarms read of it;
charters are those of the one zone with other ids, which nobody's signature covers.
"""

import json
from collections.abc import Sequence
from datetime import timedelta

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.db import connection

from hsmnodes.comparing import bring_digests_up_to_date
from hsmnodes.models import Cluster, DataCentre, Node, Slot
from hsmnodes.node.protocol import canonical
from tenants import clock
from tenants.identifiers import new_id
from tenants.models import CharterVersion, TrustZone
from tests.cast.people import ZONE_PEOPLE
from tests.world.clusters import bare
from tests.world.nodes import NodeOfWorld

PLACES, COPIES, AT_ONCE = 10, 2, 1000
OF_THE_CAST = 100  # one zone in so many has the cast's key managers, the others have people of their own


def make_nodes(like: Node, count: int) -> list[NodeOfWorld]:
    """Enrolled nodes in ten data centres, two in a cluster, each with a key of its own."""
    places = [DataCentre(id=new_id(), provider_id=like.provider_id, name=f"Place {n}") for n in range(PLACES)]
    DataCentre.objects.bulk_create(places)
    clusters = [bare(like.provider_id, f"Cluster {n}") for n in range((count + 1) // 2)]
    Cluster.objects.bulk_create(clusters)
    made, rows = [], []
    for number in range(count):
        key = ec.generate_private_key(ec.SECP256R1())
        point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        row = Node(
            id=new_id(),
            provider_id=like.provider_id,
            data_centre=places[number % PLACES],
            cluster=clusters[number // 2],
            name=f"node-{number:04}",
            identity=canonical.b64u(point),
            enrolled_at=clock.now() - timedelta(days=30),
        )
        rows.append(row)
        made.append(NodeOfWorld(row.id, key))
    Node.objects.bulk_create(rows, batch_size=AT_ONCE)
    return made


def make_zones(like: TrustZone, nodes: Sequence[str], count: int) -> None:
    """Zones of the same service, each with a charter in force and a slot on both nodes of a cluster."""
    charter, slot = CharterVersion.objects.get(authority=like.pk, state="in-force"), like.zone_slots.get()
    document = json.loads(bytes(charter.raw))
    zones, charters, slots = [], [], []
    for number in range(count):
        zone = TrustZone(
            id=new_id(),
            service_id=like.service_id,
            name=f"Zone {number:05}",
            controller=like.controller,
            founded_at=clock.now() - timedelta(days=20),
        )
        document["authority"] |= {"id": zone.id, "name": zone.name}
        raw = canonical.encode(document)
        for member in ZONE_PEOPLE if number % OF_THE_CAST else ():
            theirs = member.id[:12] + new_id()[12:]
            raw = raw.replace(member.id.encode(), theirs.encode())
        zones.append(zone)
        charters.append(
            CharterVersion(
                id=new_id(),
                kind=charter.kind,
                authority=zone.id,
                name=zone.name,
                organisation_id=charter.organisation_id,
                zone=zone,
                version=1,
                raw=raw,
                hash=canonical.sha256_hex(raw),
                state=charter.state,
                valid_from=charter.valid_from,
                valid_until=charter.valid_until,
                in_force_at=charter.in_force_at,
            )
        )
        first = number * COPIES % (len(nodes) // COPIES * COPIES)
        slots += [
            Slot(
                id=new_id(),
                node_id=node,
                zone=zone,
                name=f"Slot {number}",
                backup_key=slot.backup_key,
                proposal_id=slot.proposal_id,
                created_at=slot.created_at,
            )
            for node in nodes[first : first + COPIES]
        ]
    TrustZone.objects.bulk_create(zones, batch_size=AT_ONCE)
    CharterVersion.objects.bulk_create(charters, batch_size=AT_ONCE)
    Slot.objects.bulk_create(slots, batch_size=AT_ONCE)


def make_keys(like: TrustZone, count: int) -> None:
    """So many keys over all generated zones, each in every slot of its zone."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO hsmnodes_key (id, zone_id, slot_id, label, algorithm, usages, public_key, blob_hash,
                                      epoch, results, proposal_id, created_at)
            SELECT md5(z.id || n), z.id, z.slot, 'key-' || n, k.algorithm, k.usages, k.public_key,
                   k.blob_hash, k.epoch, k.results, k.proposal_id, k.created_at
            FROM (SELECT zone_id AS id, min(id) AS slot, row_number() OVER (ORDER BY zone_id) AS place
                  FROM hsmnodes_slot WHERE zone_id <> %s GROUP BY zone_id) z,
                 (SELECT * FROM hsmnodes_key WHERE zone_id = %s LIMIT 1) k,
                 generate_series(1, %s) n
            """,
            [like.pk, like.pk, max(1, count // max(1, TrustZone.objects.count() - 1))],
        )
        cursor.execute(
            """
            INSERT INTO hsmnodes_keycopy (key_id, slot_id, since)
            SELECT k.id, s.id, k.created_at FROM hsmnodes_key k JOIN hsmnodes_slot s ON s.zone_id = k.zone_id
            WHERE k.zone_id <> %s
            """,
            [like.pk],
        )
        cursor.execute("ANALYZE")
    bring_digests_up_to_date(Slot.objects.all().iterator(chunk_size=AT_ONCE))
