"""THREAT_MODEL.md claims nothing that no test proves: every test it names is there."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = re.compile(r"`(tests/[\w/]+\.py)::(?:\w+::)?(\w+)`")


def _references():
    return REFERENCE.findall((ROOT / "THREAT_MODEL.md").read_text("utf-8"))


def _functions(file: Path) -> set[str]:
    tree = ast.parse(file.read_text("utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_claim_of_the_threat_model_names_a_test_that_is_there():
    missing = [
        f"{file}::{name}"
        for file, name in _references()
        if not (ROOT / file).exists() or name not in _functions(ROOT / file)
    ]
    assert len(_references()) > 20
    assert missing == []


def test_what_is_written_like_a_reference_is_one():
    """One with a slip in it would be looked for nowhere."""
    written = re.findall(r"`[^`]*\btests/[^`]*::[^`]*`", (ROOT / "THREAT_MODEL.md").read_text("utf-8"))
    assert [one for one in written if not REFERENCE.fullmatch(one)] == []


def test_every_row_of_the_threat_model_names_a_proof():
    text = (ROOT / "THREAT_MODEL.md").read_text("utf-8")
    tables = [part for part in text.split("\n\n") if "| proof |" in part]
    rows = [row for table in tables for row in table.splitlines()[2:]]
    assert rows
    assert [row for row in rows if not REFERENCE.search(row)] == []
