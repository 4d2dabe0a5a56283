"""Which alterations of the core its tests survived, without those that are explained; see script/mutants."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
MUTMUT = Path(sys.executable).with_name("mutmut")
KILLED = {"killed", "timeout", "suspicious", "segfault", "caught by type check"}
NOT_YET = "not checked"
QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
CAST = re.compile(r'\bcast\((?:None|"[^"]*"|\w+), ?')


class Survivor(NamedTuple):
    """An alteration that no test noticed: the function, the line as it is, and as it was altered."""

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


def _without_texts(line: str) -> str:
    return QUOTED.sub('""', line)


def states() -> dict[str, str]:
    """What became of each alteration, by its name."""
    listed = (line.strip().partition(": ") for line in _mutmut("results", "--all", "true").splitlines())
    return {name: state for name, _, state in listed if state}


def survivors(found: dict[str, str]) -> Iterator[Survivor]:
    """What was tried and not noticed, each with its difference."""
    for name, state in found.items():
        if state == NOT_YET or state in KILLED:
            continue
        shown = _mutmut("show", name).splitlines()
        before = [one[1:].strip() for one in shown if re.match(r"-(?!--)", one)]
        after = [one[1:].strip() for one in shown if re.match(r"\+(?!\+\+)", one)]
        function = (
            re.sub(r"__mutmut_\d+$", "", name).replace("ǁ", ".").replace(".x.", ".").replace(".x_", ".")
        )
        yield Survivor(f"{function} ({state})", " ".join(before), " ".join(after))


def explained() -> set[tuple[str, str]]:
    """The alterations that mean nothing, each as (line, altered line)."""
    held = tomllib.loads((HERE / "explained.toml").read_text())
    return {(one["before"], one["after"]) for one in held["survivor"]}


def main() -> int:
    """Print what is not explained. 1 if there is any, or if not all were tried; else 0."""
    found, known, left = states(), explained(), 0
    waiting = sum(state == NOT_YET for state in found.values())
    for one in survivors(found):
        if one.is_words or (one.before, one.after) in known:
            continue
        left += 1
        print(f"{one.function}\n    - {one.before}\n    + {one.after}")
    print(f"{len(found)} alterations, {waiting} not tried yet; {left} survived that are not explained")
    return int(bool(left or waiting))


def _mutmut(*arguments: str) -> str:
    return subprocess.run([MUTMUT, *arguments], check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    sys.exit(main())
