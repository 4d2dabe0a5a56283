"""The search for secrets finds one that is there: in each kind of place, in each spelling."""

import base64
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest

from tests.e2e.searching import places_in, where

SECRET = bytes.fromhex("00ff7f802241c3a95cdeadbeef0a0d1b") * 2
AROUND = b"x" * 5000

SPELLINGS: dict[str, Callable[[bytes], bytes]] = {
    "raw": lambda secret: secret,
    "hex": lambda secret: secret.hex().encode(),
    "hex in capitals": lambda secret: secret.hex().upper().encode(),
    "base64": base64.b64encode,
    "base64url without padding": lambda secret: base64.urlsafe_b64encode(secret).rstrip(b"="),
    "base64 of it with more before": lambda secret: base64.b64encode(b"a" + secret + b"b"),
    "JSON, escaped": lambda secret: json.dumps({"value": secret.decode("latin-1")}).encode(),
    "JSON, a list of numbers": lambda secret: json.dumps([*secret], separators=(",", ":")).encode(),
    "JSON of a typed array": lambda secret: json.dumps(
        {str(place): byte for place, byte in enumerate(secret)}, separators=(",", ":")
    ).encode(),
    "hex in JSON in base64": lambda secret: base64.b64encode(json.dumps({"value": secret.hex()}).encode()),
    "a message of the broker": lambda secret: json.dumps(
        {
            "body": base64.b64encode(
                json.dumps([{"warrant": base64.urlsafe_b64encode(AROUND + secret).decode()}]).encode()
            ).decode()
        }
    ).encode(),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_it_is_found_in_a_request_in_whatever_spelling(spelling):
    content = b"POST /somewhere\n" + AROUND + b" " + SPELLINGS[spelling](SECRET) + b" " + AROUND
    assert where({"it": SECRET}, {"a request": content}) == ["it in a request"]
    assert where({"another": bytes(31) + b"\1"}, {"a request": content}) == []


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("length", [0, 5000, 100_000])
def test_it_is_found_in_a_database_wherever_the_pages_cut_it(tmp_path, spelling, length):
    with closing(sqlite3.connect(tmp_path / "console.sqlite3")) as database:
        database.execute("CREATE TABLE things (id INTEGER PRIMARY KEY, value BLOB)")
        database.execute(
            "INSERT INTO things (value) VALUES (?)", [b" " * length + SPELLINGS[spelling](SECRET)]
        )
        database.commit()
    found = where({"it": SECRET}, places_in(tmp_path, without=""))
    assert "it in console.sqlite3, things" in found


def test_it_is_found_in_a_text_column_in_a_log_and_in_a_file_further_down(tmp_path):
    with closing(sqlite3.connect(tmp_path / "broker.sqlite3")) as database:
        database.execute("CREATE TABLE kombu_message (payload TEXT)")
        payload = SPELLINGS["a message of the broker"](SECRET).decode()
        database.execute("INSERT INTO kombu_message VALUES (?)", [payload])
        database.commit()
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "worker.log").write_bytes(b"share=" + SPELLINGS["hex"](SECRET) + b"\n")
    (tmp_path / "kept.json").write_bytes(SECRET)
    assert set(where({"it": SECRET}, places_in(tmp_path, without="kept.json"))) >= {
        "it in broker.sqlite3, kombu_message",
        "it in logs/worker.log",
    }
    assert "kept.json" not in places_in(tmp_path, without="kept.json")
