"""Custody, end to end, in real browsers: share keys, a split by the HSM, a drill that rebuilds the key."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Request, expect

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.custody import open_box
from hsmnodes.node.protocol.sharing import Share, _at_zero
from tests.cast.deriving import secret_of, share_key_from
from tests.e2e import custody, story
from tests.e2e.running import running_demo
from tests.e2e.searching import files_of, where
from tests.e2e.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(900)]

FOUNDERS = ("Dina", "Emil", "Fay")


def test_custodians_rebuild_the_key_in_a_drill_and_nobody_in_between_sees_a_secret(chromium, tmp_path):
    with running_demo(tmp_path / "var") as demo:
        visitors: dict[str, Visitor] = {}
        traffic: list[bytes] = []

        def who(name: str) -> Visitor:
            if name not in visitors:
                visitors[name] = Visitor(chromium, demo.console, name)
                visitors[name].context.on("request", lambda sent: traffic.append(body_of(sent)))
                visitors[name].sign_in()
            return visitors[name]

        for founder in FOUNDERS:
            custody.make_share_key(who(founder))
        story.start_service(who, name="Payments HSM", customer="Meridian", node="ams-1")
        charter = custody.draft_zone_of_custodians(
            who, service="Payments HSM", name="Cards", founders=FOUNDERS
        )
        story.found_zone(who, charter)
        story.create_slot(who, zone="Cards", slot="Slot 1", node="ams-1")
        custody.split_backup_key(who, zone="Cards", custodians=FOUNDERS, threshold=2)
        ceremony = custody.call_drill(who, zone="Cards", shares=2)

        custody.give_share(who("Dina"), ceremony)
        custody.give_share(who("Emil"), ceremony)
        expect(who("Emil").page.locator(".docket .badge").first).to_have_text("Done", timeout=60_000)
        expect(who("Emil").page.get_by_text("2 of 2 in")).to_be_visible()
        printed = who("Fay").page.request.get(f"{demo.console}{ceremony}/print")
        assert "Emil" in printed.text()
        transcript = who("Fay").page.request.get(f"{demo.console}{ceremony}/transcript.json").body()
        for visitor in visitors.values():
            visitor.close()
    assert len(json.loads(transcript)["contributions"]) == 2

    secrets = secrets_of(tmp_path / "var")
    assert len(secrets) == 3 * len(FOUNDERS) + 1
    files = files_of(tmp_path / "var", without="simulator.json")
    assert {"console.sqlite3", "broker.sqlite3", "logs/console.log"} <= set(files)
    assert where(secrets, files | {f"request {n}": sent for n, sent in enumerate(traffic)}) == []
    assert where({"a box": some_box(tmp_path / "var")}, files), "what is looked for would be found"


def body_of(request: Request) -> bytes:
    """What a browser sent, with the address it went to."""
    return request.url.encode() + b"\n" + (request.post_data_buffer or b"")


def secrets_of(state: Path) -> dict[str, bytes]:
    """What nobody but a token and the HSM may ever have seen: of each custodian, and the key they rebuild."""
    people = json.loads((state / "simulator.json").read_text("utf-8"))["people"]
    tokens = {token["credential_id"]: token for person in people for token in person["tokens"]}
    found, shares = {}, []
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
        shares.append(Share(share.index, value))
        found |= {
            f"what the token of {row['name']} computes": secret,
            f"the share key of {row['name']}": share_key,
            f"the share of {row['name']}": value,
        }
    found["the backup key"] = _at_zero(shares[:2])
    return found


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


def some_box(state: Path) -> bytes:
    """A sealed share, which stands in the console's database for everyone to see."""
    return bytes(held_shares(state)[0]["data"])[:64]
