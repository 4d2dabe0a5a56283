"""The picture of the topology: what is drawn, in place and unmixed, at any number of nodes; nothing else."""

import re
from xml.etree import ElementTree as ET

import pytest

from console.pages import topology_drawing
from console.pages.topology import MOST_BOXES, picture
from hsmnodes import incoming
from hsmnodes.models import Cluster, DataCentre, Node
from hsmnodes.node.protocol import canonical
from tenants import access
from tests.cast.people import CLEO, DINA, IVO
from tests.world.clusters import bare
from tests.world.history import FIGURES
from tests.world.signing_in import sign_in

pytestmark = pytest.mark.django_db
SIZES = [topology_drawing.NARROW, topology_drawing.WIDE, topology_drawing.WIDEST]


@pytest.fixture
def zone(world, node, once):
    return once(lambda: world.ready_zone(node), node)


def add_nodes(world, like, count: int, *, clusters: int = 0) -> None:
    """Further nodes in three data centres; the first of them in clusters of three."""
    row = Node.objects.get(pk=like.id)
    fields = {one.attname: getattr(row, one.attname) for one in Node._meta.concrete_fields}
    places = [
        DataCentre.objects.create(id=f"{n:032x}", provider=world.northgate, name=f"Place {n}") for n in (1, 2)
    ]
    made = [bare(world.northgate.pk, f"Group {n}", ("active", "failover")[n % 2]) for n in range(clusters)]
    Cluster.objects.bulk_create(made)
    Node.objects.bulk_create(
        Node(
            **fields
            | {
                "id": f"{n:032x}",
                "name": f"node-{n:03}",
                "identity": canonical.b64u(b"%065d" % n),
                "data_centre_id": [*[one.pk for one in places], row.data_centre_id][n % 3],
                "cluster_id": made[n // 3].pk if n // 3 < clusters else None,
            }
        )
        for n in range(count)
    )


def overlap(one, other) -> bool:
    return (
        one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.y + other.height
        and other.y < one.y + one.height
    )


@pytest.mark.parametrize("count", [0, 1, 5, MOST_BOXES - 1])
@pytest.mark.parametrize("width", SIZES)
def test_boxes_stand_apart_within_their_region_and_the_drawing(world, node, zone, count, width):
    add_nodes(world, node, count, clusters=min(4, count // 3))
    drawn = topology_drawing.draw(picture(world.person(CLEO)), width)
    placed = [one for frame in drawn.frames for one in frame.boxes]
    assert len(placed) == count + 1
    assert not [1 for n, one in enumerate(placed) for other in placed[:n] if overlap(one, other)]
    for frame in drawn.frames:
        for one in frame.boxes:
            assert frame.x <= one.x
            assert one.x + one.width <= frame.x + frame.width <= drawn.width
            assert frame.y <= one.y
            assert one.y + one.height < frame.y + frame.height <= drawn.height
            assert one.name_width > 40


@pytest.mark.parametrize("width", SIZES)
def test_a_line_goes_through_no_box_and_each_has_a_track_of_its_own(world, node, width):
    add_nodes(world, node, 20, clusters=5)
    drawn = topology_drawing.draw(picture(world.person(CLEO)), width)
    placed = [one for frame in drawn.frames for one in frame.boxes]
    stretches = []
    for line in drawn.lines:
        x = y = 0
        for letter, *values in re.findall(r"([MVH])(-?\d+)(?: (-?\d+))?", line.path):
            was = x, y
            x = int(values[0]) if letter in "MH" else x
            y = int(values[1]) if letter == "M" else int(values[0]) if letter == "V" else y
            if letter != "M":
                stretches.append((line.cluster.pk, *sorted([was, (x, y)])))
    inside = [
        (cluster, one.box.node.name)
        for cluster, (ax, ay), (bx, by) in stretches
        for one in placed
        if ax < one.x + one.width and bx > one.x and ay < one.y + one.height and by > one.y
    ]
    assert inside == []
    flat = {(cluster, ay) for cluster, (ax, ay), (bx, by) in stretches if ay == by and ax != bx}
    assert len({y for _, y in flat}) == len(flat)
    assert len(drawn.lines) == 5


def test_the_page_draws_every_node_slot_and_line_as_links_with_words(client, world, node, zone):
    add_nodes(world, node, 4, clusters=1)
    incoming.receive(node.heartbeat_message(figures=FIGURES))
    page = client_of(client, world, CLEO).get("/").content.decode()
    drawings = drawn_in(page)
    assert len(drawings) == 2
    for drawing in drawings:
        links = {one.get("href"): one.find("title").text for one in drawing.iter("a")}
        assert f"/hsms/{node.id}" in links
        assert "online" in links[f"/hsms/{node.id}"]
        assert "load 12 %" in links[f"/hsms/{node.id}"]
        assert "Trust Zone Payments of Meridian Bank on ams-1" in links[f"/zones/{zone.pk}"]
        words = {one.get("aria-label") for one in drawing.iter("g")}
        assert "Cluster Group 0, active/active: node-000, node-001, node-002" in words
    assert " style=" not in page


def test_a_name_that_would_be_markup_is_text(client, world, node):
    Node.objects.filter(pk=node.id).update(name='</text><script x="1">')
    page = client_of(client, world, CLEO).get("/").content.decode()
    assert "<script x" not in page
    assert len(drawn_in(page)) == 2


def test_a_customer_sees_its_slots_and_not_how_much_is_there_of_others(client, world, node, zone):
    incoming.receive(
        node.heartbeat_message(figures=FIGURES, capacity={"slots": 9, "slots_used": 7, "keys": 5})
    )
    page = client_of(client, world, DINA).get("/").content.decode()
    assert "Payments" in page
    assert "load 12 %" not in page
    assert "of 9 slots" not in page
    assert "more slot" not in page
    assert node.row.name not in client_of(client, world, IVO).get("/").content.decode()


def test_a_node_s_page_names_the_charters_that_it_goes_by(client, world, node, zone):
    charter = access.charter_in_force(world.northgate.id)
    known = {"kind": charter.kind, "id": charter.authority, "version": charter.version, "hash": charter.hash}
    other = known | {"id": "f" * 32, "hash": "f" * 64}
    incoming.receive(node.heartbeat_message(charters=(known, other)))
    page = client_of(client, world, CLEO).get(f"/hsms/{node.id}").content.decode()
    assert f'href="/charters/{charter.pk}">{charter.name}</a>' in page
    assert page.count("A charter that is not known here") == 1
    assert (
        "Charters it goes by" not in client_of(client, world, DINA).get(f"/hsms/{node.id}").content.decode()
    )


def test_a_load_beyond_all_processors_is_told_as_much_to_do(client, world, node):
    incoming.receive(node.heartbeat_message(figures=FIGURES | {"load": 250}))
    assert "busy, load 250 %" in client_of(client, world, CLEO).get("/").content.decode()


def test_beyond_forty_nodes_each_data_centre_is_told_in_figures(client, world, node, zone):
    add_nodes(world, node, 300, clusters=3)
    page = client_of(client, world, CLEO).get("/").content.decode()
    assert drawn_in(page) == []
    assert "3 clusters of several HSMs" in page
    assert len(re.findall(r'class="troubled"', page)) == 3
    assert len(page) < 60_000


def test_as_many_queries_whatever_there_is_to_draw(world, node, zone, django_assert_max_num_queries):
    add_nodes(world, node, MOST_BOXES - 1)
    with django_assert_max_num_queries(8):
        list(picture(world.person(CLEO)).regions)


def test_long_lists_come_in_portions_and_are_filtered(client, world, node):
    add_nodes(world, node, 250)
    client_of(client, world, CLEO)
    first = client.get("/hsms?sort=hsm").content.decode()
    assert "1 to 100 of 251" in first
    assert "node-001" in first
    last = client.get("/hsms?sort=hsm&from=200").content.decode()
    assert "201 to 251 of 251" in last
    assert "node-249" in last
    for odd in ("-1", "x", "²", "9" * 40, "1e3", ""):
        assert "1 to 100 of 251" in client.get("/hsms", {"from": odd}).content.decode()
    found = client.get("/hsms?q=node-24").content.decode()
    assert len(re.findall(r"node-24\d</a>", found)) == 10
    rows = b"".join(client.get("/hsms.csv?q=node-24").streaming_content).decode().splitlines()
    assert len(rows) == 11


def client_of(client, world, member):
    return sign_in(client, world.person(member))


def drawn_in(page: str) -> list[ET.Element]:
    """The drawings of a page; it need not be well-formed itself, they are."""
    found = []
    for one in re.split(r'<div class="map-(?:wide|narrow)[^>]*>\s*', page)[1:]:
        depth = 0
        for tag in re.finditer(r"<(/?)svg", one):
            depth += -1 if tag[1] else 1
            if depth == 0:
                found.append(ET.fromstring(one[: tag.end() + 1]))
                break
    return found
