"""A restored snapshot of a node's whole state, SoftHSM2's tokens included, is found out and refused."""

import shutil

import pytest

from hsmnodes.node.agent.messages import WarrantMessage
from tests.cast.people import EMIL
from tests.cast.signing import cancel
from tests.hsmnodes.node.agent.making import Cluster, carrying, real_drivers
from tests.hsmnodes.node.agent.test_refusals import cancelling, proposed

NAMES = ("ams-1", "ams-2", "fra-1")


@pytest.fixture
def cluster(make_site, cast, zone):
    """Three nodes on SoftHSM2, the first with a zone and a key."""
    cluster = Cluster([make_site(name=name, drivers=real_drivers) for name in NAMES])
    first = cluster.sites[0]
    first.send(cast.start_service(first.at), cast.northgate, cast.meridian)
    first.send(cast.create_slot(first.at, zone), zone)
    assert first.send(cast.generate_keys(first.at, zone)).outcome == "done"
    cluster.beat()
    return cluster


def snapshot(site, folder):
    """A copy of everything the node has on disk."""
    site.stop()
    shutil.copytree(site.config.state, folder)
    site.start()


def restore(site, folder):
    """Put the copy in the place of what the node has, and start it."""
    site.stop()
    shutil.rmtree(site.config.state)
    shutil.copytree(folder, site.config.state)
    site.start()


def test_a_key_destroyed_since_cannot_be_brought_back(cluster, cast, zone, tmp_path):
    site = cluster.sites[0]
    [key] = [(key.id, key.label) for key in site.facts.holdings.keys.values()]
    generate_again = carrying(cast.generate_keys(site.at, zone, ("second", "aes-256", ("encrypt",))))
    snapshot(site, tmp_path / "snapshot")
    cluster.beat()
    assert site.read(site.deliver(generate_again).said[0]).outcome == "done"
    assert site.send(cast.destroy_keys(site.at, zone, key)).outcome == "done"
    cluster.beat()

    restore(site, tmp_path / "snapshot")
    assert site.state == "starting"
    assert site.deliver(generate_again).held
    said = cluster.relay(site, site.node.heartbeat())
    assert site.state == "refusing"
    assert [site.read(one).code for one in said] == ["rewound"]  # the replayed warrant is refused, not done
    assert site.send(cast.generate_keys(site.at, zone)).code == "rewound"
    site.start()  # nor does another start help
    cluster.relay(site, site.node.heartbeat())
    assert site.state == "refusing"


def test_a_snapshot_of_now_may_be_restored(cluster, cast, zone, tmp_path):
    site = cluster.sites[0]
    snapshot(site, tmp_path / "snapshot")
    cluster.beat()
    restore(site, tmp_path / "snapshot")
    cluster.relay(site, site.node.heartbeat())
    assert site.state == "ready"
    message: WarrantMessage = carrying(cast.generate_keys(site.at, zone, ("later", "aes-256", ("encrypt",))))
    assert site.read(site.deliver(message).said[0]).outcome == "done"


def restore_the_database(site, folder):
    """Put only the database of the copy in its place, and leave the HSM as it is."""
    site.stop()
    for file in site.config.state.glob("journal.sqlite3*"):
        file.unlink()
    for file in folder.glob("journal.sqlite3*"):
        shutil.copy(file, site.config.state)
    site.start()


def test_a_database_restored_without_its_hsm_is_found_out_by_the_hsm_alone(make_site, cast, zone, tmp_path):
    site = make_site(drivers=real_drivers).with_zone(zone)
    snapshot(site, tmp_path / "snapshot")
    site.send(cast.generate_keys(site.at, zone))
    restore_the_database(site, tmp_path / "snapshot")
    assert site.state == "refusing"
    assert site.send(cast.generate_keys(site.at, zone)).code == "rewound"


def test_a_cancellation_cannot_be_undone_by_restoring_the_database(make_site, cast, zone, tmp_path):
    site = make_site(drivers=real_drivers).with_zone(zone)
    good = cast.generate_keys(site.at, zone)
    snapshot(site, tmp_path / "snapshot")
    site.deliver(cancelling(good, cancel(proposed(good), EMIL, at=cast.now)))
    site.node.advance()
    restore_the_database(site, tmp_path / "snapshot")
    assert site.send(good).code == "rewound"


def test_a_restored_node_cannot_make_its_peers_forget_by_going_on(cluster, cast, zone, tmp_path):
    """What it journals meanwhile, cancellations here, makes its journal longer than what they have seen."""
    site = cluster.sites[0]
    again = carrying(cast.generate_keys(site.at, zone, ("second", "aes-256", ("encrypt",))))
    snapshot(site, tmp_path / "snapshot")
    cluster.beat()
    assert site.read(site.deliver(again).said[0]).outcome == "done"
    cluster.beat()
    seen = site.head.sequence
    restore(site, tmp_path / "snapshot")

    def grow():
        while site.head.sequence <= seen:
            label = f"key {site.head.sequence}"
            unwanted = cast.generate_keys(site.at, zone, (label, "aes-256", ("encrypt",)))
            assert (
                site.deliver(cancelling(unwanted, cancel(proposed(unwanted), EMIL, at=cast.now))).refused
                is None
            )

    grow()
    cluster.beat()
    cluster.relay(site, site.node.heartbeat())
    assert site.state == "refusing"
    seen += 5
    grow()
    cluster.beat()
    site.start()
    said = cluster.relay(site, site.node.heartbeat())
    assert (site.state, [site.read(one).code for one in said if one.kind == "receipt"]) == ("refusing", [])
    assert site.read(site.deliver(again).said[0]).code == "rewound"
