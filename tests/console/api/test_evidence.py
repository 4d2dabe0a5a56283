"""What can be taken from the API to be verified elsewhere: charters, receipts, keys, the log."""

import json

import pytest
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.charters import verify_founding
from hsmnodes.node.protocol.documents import Charter, CharterLink, NodeSigned, Receipt
from hsmnodes.node.protocol.nodesigning import verify
from hsmnodes.node.protocol.purposes import Purpose
from tenants.models import LogEntry
from tests.cast.people import CLEO, DINA, HANA, IVO, make_id

pytestmark = pytest.mark.django_db


def test_a_charter_and_its_link_verify(scene):
    client, address = scene.as_member(HANA), f"/api/v1/charters/{scene.charter.id}"

    shown = client.get(address).json()
    charter = Charter.from_bytes(client.get(f"{address}/document").content)
    link = CharterLink.from_bytes(client.get(f"{address}/link").content)

    assert (
        charter.sha256
        == shown["hash"]
        == client.get(f"/api/v1/zones/{scene.zone.id}").json()["founding_charter"]
    )
    assert verify_founding(link, deployment=make_id("deployment"), demo=True) == charter
    assert [one["person"]["name"] for one in shown["signatures"]] == ["Dina", "Emil", "Fay"]


def test_the_versions_of_one_charter_are_listed(scene):
    client = scene.as_member(DINA)
    found = client.get(f"/api/v1/charters?authority={scene.zone.id}&state=in-force&kind=zone").json()
    assert [(one["version"], one["authority"]["name"]) for one in found["results"]] == [(1, "Payments")]


def test_a_receipt_verifies_by_its_nodes_identity_key(scene):
    client, address = scene.as_member(DINA), f"/api/v1/receipts/{scene.receipt.hash}"
    identity = client.get(f"/api/v1/nodes/{scene.node.id}").json()["identity"]

    envelope = NodeSigned.from_bytes(client.get(f"{address}/envelope").content)
    payload = verify(
        envelope, identity=canonical.b64u_decode(identity), purpose=Purpose.RECEIPT, node=scene.node.id
    )

    assert payload == client.get(f"{address}/document").content
    assert canonical.sha256_hex(payload) == scene.receipt.hash
    assert Receipt.from_bytes(payload).proposal == scene.done.id


def test_a_public_key_comes_as_der_and_as_pem(scene):
    client, address = scene.as_member(DINA), f"/api/v1/keys/{scene.key.id}"
    der = client.get(f"{address}/public.der").content
    pem = client.get(f"{address}/public.pem").content
    assert load_der_public_key(der) == load_pem_public_key(pem)
    assert canonical.b64u(der) == client.get(address).json()["public_key"]


def test_a_secret_key_has_no_public_half(scene):
    type(scene.key).objects.update(public_key="", algorithm="aes-256")
    response = scene.as_member(DINA).get(f"/api/v1/keys/{scene.key.id}/public.pem")
    assert (response.status_code, response.json()["code"]) == (404, "not-found")


def test_keys_are_narrowed(scene):
    client = scene.as_member(DINA)
    for query, count in [
        (f"zone={scene.zone.id}", 1),
        ("algorithm=ec-p256", 1),
        ("algorithm=rsa-2048", 0),
        ("destroyed=no", 1),
        ("destroyed=yes", 0),
    ]:
        assert len(client.get(f"/api/v1/keys?{query}").json()["results"]) == count, query


def test_a_line_of_the_log_is_the_bytes_its_hash_is_of(scene):
    lines = b"".join(scene.as_member(CLEO).get("/api/v1/log/export")).splitlines()

    entries = LogEntry.objects.order_by("sequence")
    assert lines == [bytes(entry.raw) for entry in entries]
    assert [canonical.sha256_hex(line) for line in lines] == [entry.hash for entry in entries]
    for line, before in zip(lines[1:], lines, strict=False):
        assert json.loads(line)["previous"] == canonical.sha256_hex(before)


def test_an_export_goes_on_where_the_last_one_ended(scene):
    client = scene.as_member(CLEO)
    first = b"".join(client.get("/api/v1/log/export?size=10")).splitlines()
    after = json.loads(first[-1])["sequence"]
    second = b"".join(client.get(f"/api/v1/log/export?size=10&after={after}")).splitlines()
    assert [json.loads(line)["sequence"] for line in first + second] == list(range(1, 21))


def test_everyone_exports_what_concerns_them_alone(scene):
    for member in (DINA, IVO):
        organisation = scene.world.person(member).organisation_id
        lines = b"".join(scene.as_member(member).get("/api/v1/log/export")).splitlines()
        assert lines
        assert {json.loads(line)["customer"] for line in lines} == {organisation}


def test_the_log_is_narrowed_and_its_documents_fetched(scene):
    client = scene.as_member(DINA)
    found = client.get(f"/api/v1/log?subject={scene.done.id}&event=proposal.authorised").json()["results"]
    assert [one["sequence"] for one in found] == [scene.entry.sequence]
    document = client.get(f"/api/v1/log/{scene.entry.sequence}/document").content
    assert document == client.get(f"/api/v1/proposals/{scene.done.id}/warrant").content


def test_an_entry_without_a_document_has_none(scene):
    entry = LogEntry.objects.filter(event="proposal.done", subject=scene.done.id).get()
    assert scene.as_member(DINA).get(f"/api/v1/log/{entry.sequence}/document").status_code == 404
