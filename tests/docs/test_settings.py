"""docs/settings.md names every setting that there is, and what holds without it."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE = (ROOT / "console" / "settings.py").read_text("utf-8")
TEXT = (ROOT / "docs" / "settings.md").read_text("utf-8")


def test_every_setting_stands_there_and_no_other():
    read = set(re.findall(r"environment\.\w+\(\s*\"(QUORATE_\w+)\"", CODE))
    assert len(read) > 30
    assert set(re.findall(r"`(QUORATE_\w+)`", TEXT)) == read


def test_what_holds_without_a_number_is_what_it_says():
    numbers = re.findall(r"environment\.number\(\"(\w+)\", (\d+)(?: \* (\d+))?", CODE)
    assert numbers
    wrong = []
    for name, one, times in numbers:
        [where] = [line for line in re.split(r"\n(?=\| )|(?<=\)),", TEXT) if f"`{name}`" in line]
        if str(int(one) * int(times or 1)) not in re.findall(r"\d+", where):
            wrong.append(name)
    assert wrong == []
