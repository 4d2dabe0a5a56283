"""Tables that are wider than a phone scroll in a sheet of their own, which the keyboard reaches and names."""

import re
from pathlib import Path

import pytest

TEMPLATES = Path(__file__).parents[3] / "templates"
SHEETS = [
    (found.relative_to(TEMPLATES), tag)
    for found in sorted(TEMPLATES.glob("**/*.html"))
    for tag in re.findall(r'<div class="sheet"[^>]*>', found.read_text())
]


@pytest.mark.parametrize(("where", "tag"), SHEETS, ids=[str(where) for where, _tag in SHEETS])
def test_the_keyboard_reaches_every_table_that_scrolls_and_its_name_is_told(where, tag):
    assert 'tabindex="0"' in tag
    assert re.search(r'role="(group|region)"', tag)
    assert "aria-label" in tag
