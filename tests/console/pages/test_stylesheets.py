"""Stylesheets that browsers read as they were meant: a brace too many silently swallows the next rule."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3] / "console"
SHEETS = sorted([*ROOT.glob("static/**/*.css"), *ROOT.glob("desk/site/**/*.css")])


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_every_brace_closes_one_that_was_opened(sheet):
    text = re.sub(r"/\*.*?\*/", "", sheet.read_text(), flags=re.DOTALL)
    depth = 0
    for number, line in enumerate(text.splitlines(), start=1):
        for letter in line:
            depth += {"{": 1, "}": -1}.get(letter, 0)
            assert depth >= 0, f"{sheet.name}, line {number} of the text without comments: a brace too many"
    assert depth == 0
