"""Lists as CSV: what is listed and filtered, for those who see it, and never a formula."""

import csv
import io
from datetime import UTC, datetime

import pytest

from console.pages.spreadsheets import csv_file
from tenants.models import LogEntry, Token
from tests.cast.people import CLEO, DINA, EMIL, GUS, IVO

pytestmark = pytest.mark.django_db


def rows_of(answer) -> list[dict[str, str]]:
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))


@pytest.mark.parametrize(
    "formula",
    [
        "=HYPERLINK(0)",
        "+1",
        "-1",
        "@SUM(1)",
        " =1",
        "\t=1",
        "\r=1",
        "\n=1",
        "\u00a0=1",
        "\uff1d1",
        "\uff0b1",
        "\uff0d1",
        "\uff20SUM(1)",
    ],
)
def test_no_text_is_a_formula(formula):
    [row] = rows_of(csv_file("x", ["text"], [[formula]]))
    assert row["text"] == f"'{formula}"


def test_what_is_no_formula_is_left_as_it_is():
    moment = datetime(2026, 11, 26, tzinfo=UTC)
    values = ["payments-2027", "", None, True, -5, moment, 'say "x", y']
    [row] = rows_of(csv_file("x", list("abcdefg"), [values]))
    shown = ["payments-2027", "", "", "yes", "-5", "2026-11-26T00:00:00+00:00", 'say "x", y']
    assert list(row.values()) == shown


def test_keys_are_those_of_the_zone_as_filtered(stage, as_):
    address = f"/zones/{stage.zones['Cards'].pk}/keys.csv"
    labels = {row["label"] for row in rows_of(as_(EMIL).get(address))}
    assert labels == {"card-signing", "issuer-2026", "pin-encryption", "tokenisation"}
    assert {row["label"] for row in rows_of(as_(EMIL).get(address, {"q": "rsa"}))} == {"issuer-2026"}
    assert rows_of(as_(EMIL).get(address, {"keys": "destroyed"})) == []
    assert as_(IVO).get(address).status_code == 404


def test_the_log_is_what_concerns_one_s_organisation_as_filtered(stage, as_):
    mine = set(LogEntry.objects.filter(customer=stage.world.meridian.id).values_list("hash", flat=True))
    assert {row["hash"] for row in rows_of(as_(GUS).get("/log.csv"))} == mine
    approvals = rows_of(as_(CLEO).get("/log.csv", {"event": "proposal.approved"}))
    assert {row["event"] for row in approvals} == {"proposal.approved"}


def test_people_and_tokens_are_those_one_sees(stage, as_):
    seen = {row["name"] for row in rows_of(as_(IVO).get("/people.csv"))}
    assert "Ivo" in seen
    assert "Dina" not in seen
    of_bank = rows_of(as_(DINA).get("/tokens.csv"))
    assert {row["organisation"] for row in of_bank} == {"Meridian Bank"}
    held = Token.objects.filter(person__organisation=stage.world.meridian.id)
    assert {row["token"] for row in of_bank} == set(held.values_list("pk", flat=True))


def test_hsms_and_zones_are_those_one_sees(stage, as_):
    assert {row["name"] for row in rows_of(as_(EMIL).get("/hsms.csv"))} == {"ams-1"}
    assert {"ams-1", "fra-1"} <= {row["name"] for row in rows_of(as_(CLEO).get("/hsms.csv"))}
    zones = {row["name"]: row for row in rows_of(as_(EMIL).get("/zones.csv", {"q": "car"}))}
    assert set(zones) == {"Cards"}
    assert (zones["Cards"]["nodes"], zones["Cards"]["keys"]) == ("ams-1", "4")
    assert rows_of(as_(IVO).get("/zones.csv")) == []
