"""Locks of rows let others refer to them: who adds a row that does may hold the end of the log."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]


def locks():
    """Every call that locks rows, with the file and line it stands in."""
    for file in (file for app in ("console", "hsmnodes", "tenants") for file in (ROOT / app).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "select_for_update":
                yield f"{file.relative_to(ROOT)}:{node.lineno}", node


def test_no_lock_of_rows_keeps_others_from_referring_to_them():
    """In PostgreSQL FOR UPDATE does, and then each of two transactions can wait for the other."""
    found = dict(locks())
    assert len(found) > 20
    without = [where for where, call in found.items() if "no_key" not in {one.arg for one in call.keywords}]
    assert without == []
