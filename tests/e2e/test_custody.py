"""Custody and backups, end to end, in real browsers and SoftHSM2, by real desks and nodes."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap_with_padding
from cryptography.hazmat.primitives.serialization import load_der_private_key
from playwright.sync_api import expect

from hsmnodes.node.agent.config import Config
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.backups import read_backup
from hsmnodes.node.protocol.custody import open_box
from hsmnodes.node.protocol.sharing import Share, _at_zero
from tests.cast.deriving import secret_of, share_key_from
from tests.e2e import application, backups, custody, story
from tests.e2e.application import MESSAGE
from tests.e2e.interruptions import drill_with_interruptions
from tests.e2e.recording import Recording
from tests.e2e.running import Running, running_again, running_demo
from tests.e2e.searching import places_in, where
from tests.e2e.visitor import Visitor
from tests.hsmnodes.node.drivers.test_wrapping import without_zeros_after

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(1800)]

FOUNDERS = ("Dina", "Emil", "Fay")


def test_custodians_keep_and_rebuild_a_zone_and_nobody_in_between_sees_a_secret(chromium, tmp_path):
    """All ceremonies in one world: split, drill, reshare, rotation, backup and restore, import elsewhere."""
    recording = Recording()
    visitors: dict[str, Visitor] = {}

    def who(name: str) -> Visitor:
        if name not in visitors:
            visitors[name] = Visitor(chromium, demo.console, name)
            recording.follow(visitors[name].context, name)
            visitors[name].sign_in()
        return visitors[name]

    with running_demo(tmp_path / "var") as demo:
        for founder in FOUNDERS:
            custody.make_share_key(who(founder))
        story.start_service(who, name="Payments HSM", customer="Meridian", node="ams-1", others=("ams-2",))
        charter = custody.draft_zone_of_custodians(
            who, service="Payments HSM", name="Cards", founders=FOUNDERS
        )
        story.found_zone(who, charter)
        story.create_slot(who, zone="Cards", slot="Slot 1", node="ams-1")
        proposal = story.generate_key(who, zone="Cards", label="payments-2027", node="ams-1")
        key, pem = story.key_of(who("Fay"), proposal, "payments-2027")
        custody.split_backup_key(who, zone="Cards", custodians=FOUNDERS, threshold=2)
        drill(who, demo)
    signature = application.sign(*place_of(demo, "ams-1"), key, MESSAGE, tmp_path)

    with running_again(demo):
        backup = backups.take_backup(who, zone="Cards", node="ams-1")
        backups.verify_backup(who, backup, node="ams-1")
        backups.destroy_key(who, zone="Cards", label="payments-2027", node="ams-1")
        backups.restore(who, backup, node="ams-1")
        restored = backups.public_key(who("Fay"), key)
        custody.reshare_backup_key(who, zone="Cards", custodians=FOUNDERS, threshold=3)
        custody.rotate_backup_key(who, zone="Cards", custodians=FOUNDERS, threshold=2)
        backup = backups.take_backup(who, zone="Cards", node="ams-1")
        elsewhere = backups.import_backup_key(who, zone="Cards", slot="Slot 2", node="ams-2")
        for name in ("Fay", "Dina"):
            custody.give_share(who(name), elsewhere)
        expect(who("Dina").page.locator(".docket .badge").first).to_have_text("Done", timeout=60_000)
        backups.restore(who, backup, node="ams-2")
        for visitor in visitors.values():
            recording.keep(visitor)
            visitor.close()

    application.verify(restored, signature, MESSAGE)
    for node in ("ams-1", "ams-2"):
        application.verify(pem, application.sign(*place_of(demo, node), key, MESSAGE, tmp_path), MESSAGE)
    expect_no_secret(tmp_path / "var", recording)


def drill(who, demo: Running) -> None:
    """Two custodians prove their shares, whatever comes in between; the transcript says so."""
    ceremony = drill_with_interruptions(who, demo, zone="Cards", node="ams-1")
    fay = who("Fay")
    printed = fay.page.request.get(f"{fay.console}{ceremony}/print")
    assert "Emil" in printed.text()
    transcript = fay.page.request.get(f"{fay.console}{ceremony}/transcript.json").body()
    assert len(json.loads(transcript)["contributions"]) == 2


def place_of(demo: Running, node: str) -> tuple[Config, str]:
    """The configuration of a stopped node, and the one zone it has."""
    config = Config.load(demo.state / "nodes" / node / "node.toml")
    [zone] = [folder.name for folder in (config.state / "zones").iterdir()]
    return config, zone


def expect_no_secret(state: Path, recording: Recording) -> None:
    """What was recorded and what is kept has none of the secrets; each would have been found."""
    secrets = secrets_of(state)
    assert len(secrets) == 2 * len(FOUNDERS) + 3 * len(FOUNDERS) + 2 + 1
    places = places_in(state, without="simulator.json") | recording.places
    assert {"console.sqlite3", "broker.sqlite3", "logs/console.log"} <= set(places)
    assert where(secrets, places) == []
    box = where({"a box": bytes(held_shares(state)[0]["data"])[:64]}, places)
    assert "a box in console.sqlite3, hsmnodes_attachment" in box, "what is looked for would be found"


def secrets_of(state: Path) -> dict[str, bytes]:
    """What nobody but a token and the HSM may ever have seen: of each custodian, and the key they rebuild."""
    people = json.loads((state / "simulator.json").read_text("utf-8"))["people"]
    tokens = {token["credential_id"]: token for person in people for token in person["tokens"]}
    found: dict[str, bytes] = {}
    sets: dict[tuple[int, int], list[Share]] = {}
    for row in held_shares(state):
        private = canonical.b64u_decode(tokens[row["credential_id"]]["private_key"])
        secret = secret_of(private)
        share_key = share_key_from(secret, row["credential_id"]).private_bytes_raw()
        context = {
            "purpose": "quorate/sealed-share/v1",
            "deployment": row["deployment"],
            "zone": row["zone_id"],
            "epoch": row["epoch"],
            "share_set": row["number"],
            "index": row["index"],
            "credential_id": row["credential_id"],
        }
        share = open_box(row["data"], share_key, context)
        value = canonical.b64u_decode(share.value)
        sets.setdefault((row["epoch"], row["number"]), []).append(Share(share.index, value))
        found |= {
            f"what the token of {row['name']} computes": secret,
            f"the share key of {row['name']}": share_key,
            f"the share of {row['name']} in set {row['number']}": value,
        }
    keys = {(epoch, number): _at_zero(shares) for (epoch, number), shares in sets.items()}
    assert keys[1, 1] == keys[1, 2], "a set of the same epoch rebuilds the same key"
    found |= {f"the backup key of epoch {epoch}": key for (epoch, _), key in keys.items()}
    return found | {"the key payments-2027": private_key_of(state, found["the backup key of epoch 1"])}


def held_shares(state: Path) -> list[sqlite3.Row]:
    """Every share that the console keeps sealed."""
    with closing(sqlite3.connect(state / "console.sqlite3")) as database:
        database.row_factory = sqlite3.Row
        return database.execute(
            """SELECT held.*, shares.zone_id, shares.epoch, shares.number, attachment.data,
               (SELECT id FROM tenants_deployment) AS deployment
               FROM hsmnodes_heldshare held
               JOIN hsmnodes_shareset shares ON shares.id = held.share_set_id
               JOIN hsmnodes_attachment attachment ON attachment.sha256 = held.sealed_sha256"""
        ).fetchall()


def private_key_of(state: Path, backup_key: bytes) -> bytes:
    """The number that is the zone's one private key, from a backup of the first epoch."""
    [first, *_] = sorted((state / "backups").rglob("*.backup"), key=lambda path: path.stat().st_mtime)
    [blob] = read_backup(first.read_bytes()).blobs
    key = load_der_private_key(without_zeros_after(aes_key_unwrap_with_padding(backup_key, blob)), None)
    return key.private_numbers().private_value.to_bytes(32)
