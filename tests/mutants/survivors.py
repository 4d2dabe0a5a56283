"""Alterations that no test noticed: what they alter, and whether that is explained."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent
QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
CAST = re.compile(r'\bcast\((?:None|"[^"]*"|\w+), ?')


class Survivor(NamedTuple):
    """An alteration: the function, the line as it is, and as it was altered."""

    function: str
    before: str
    after: str

    @property
    def is_words(self) -> bool:
        """Whether only a sentence for people, the case of SQL, or what a type checker reads is another."""
        texts = QUOTED.findall(self.before)
        sentence = any(" " in text for text in texts)
        if sentence and _without_texts(self.before) == _without_texts(self.after.replace("None)", '"")')):
            return True
        return CAST.sub("cast(", self.before) == CAST.sub("cast(", self.after) != self.after


def read(name: str, difference: str) -> Survivor:
    """A survivor from its name and its unified diff."""
    lines = difference.splitlines()
    before = [one[1:].strip() for one in lines if re.match(r"-(?!--)", one)]
    after = [one[1:].strip() for one in lines if re.match(r"\+(?!\+\+)", one)]
    function = re.sub(r"__mutmut_\d+$", "", name).replace("ǁ", ".").replace(".x.", ".").replace(".x_", ".")
    return Survivor(function, " ".join(before), " ".join(after))


def explained() -> set[tuple[str, str]]:
    """The alterations that mean nothing, each as (line, altered line)."""
    held = tomllib.loads((HERE / "explained.toml").read_text())
    return {(one["before"], after) for one in held["survivor"] for after in _afters(one)}


def _afters(one: dict[str, Any]) -> Iterator[str]:
    after = one["after"]
    yield from [after] if isinstance(after, str) else after


def _without_texts(line: str) -> str:
    return QUOTED.sub('""', line)
