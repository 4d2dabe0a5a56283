"""A database of an earlier version comes forward with all that is in it, and the console goes on with it.

With `--keep-database NAME` one of this version is kept for later ones.
"""

import json
import lzma
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

ROOT = Path(__file__).parents[3]
# Of each node one, which nobody had formed: clusters are what receipts say since hsmnodes 0019.
LET_GO = {"hsmnodes_cluster"}
KEPT = ROOT / "tests" / "vectors" / "databases"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def check(statements: str, folder: Path) -> None:
    """Bring forward what the SQL makes, by a process of its own, and look at what that says of it."""
    database = sqlite3.connect(folder / "console.sqlite3")
    database.executescript(statements)
    database.close()
    ended = subprocess.run(
        [sys.executable, "-m", "tests.console.pages.upgraded"],
        cwd=ROOT,
        env=os.environ | {"QUORATE_STATE_DIR": str(folder), "QUORATE_DEMO": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout)
    lost = {name for name, rows in found["before"].items() if found["after"].get(name, rows) < rows}
    assert lost <= LET_GO
    assert found["flaws"] == []
    assert found["charters"]
    assert set(found["pages"]) == {"Cleo", "Dina", "Gus"}
    for person, answers in found["pages"].items():
        assert len(answers) > 25, person
        assert {address: answer for address, answer in answers.items() if answer[0] != 200} == {}, person


@pytest.mark.parametrize("kept", sorted(KEPT.glob("*.sql.xz")), ids=lambda one: one.name.partition(".")[0])
def test_what_an_earlier_version_has_kept_is_all_there_and_can_be_read(kept, tmp_path):
    check(lzma.decompress(kept.read_bytes()).decode(), tmp_path)


@pytest.mark.django_db
def test_what_this_version_keeps_is_read_by_another_process(stage, tmp_path, request):
    statements = "\n".join(connection.connection.iterdump())
    check(statements, tmp_path)
    if name := request.config.getoption("--keep-database"):
        (KEPT / f"{name}.sql.xz").write_bytes(
            lzma.compress(statements.encode(), preset=9 | lzma.PRESET_EXTREME)
        )
