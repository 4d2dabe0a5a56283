"""Which lines of the core a test comes to, and which an alteration alters: it can notice no others."""

import ast
import json
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from coverage import Coverage

ORIGINAL = "__mutmut_orig"

Reached = dict[str, list[int]]
"""Lines by the digest of the function they are of, each counted from the function's first."""


class Function(NamedTuple):
    """A function as it stands in an altered copy, from the line `first` on."""

    first: int
    text: str

    @property
    def digest(self) -> str:
        """By which the function is known as long as it stays as it is."""
        return sha256(self.text.encode()).hexdigest()[:16]


def altered_copies() -> list[Path]:
    """The files of the core with all their alterations."""
    return [path.with_suffix("") for path in Path().glob("hsmnodes/**/*.spans")]


@cache
def functions(path: str) -> Mapping[str, Function]:
    """The functions of an altered copy, and all their alterations, by name."""
    lines = Path(path).read_text().splitlines()
    spans = json.loads(Path(f"{path}.spans").read_text())["spans"]
    return {
        name: Function(first, "\n".join(lines[first - 1 : last])) for name, (first, last) in spans.items()
    }


class Reaching:
    """Takes down which lines of the altered copies are come to, while they are not altered."""

    def __init__(self) -> None:
        self.paths = [str(path) for path in altered_copies()]
        files = [str(Path(path).absolute()) for path in self.paths]
        self.coverage = Coverage(data_file=None, config_file=False, include=files)
        self.coverage.set_option("run:disable_warnings", ["already-imported", "no-data-collected"])

    @contextmanager
    def by(self, test: str) -> Iterator[None]:
        """While a test runs."""
        self.coverage.start()
        self.coverage.switch_context(test)
        try:
            yield
        finally:
            self.coverage.stop()

    def read(self) -> dict[str, Reached]:
        """What each test came to."""
        found: dict[str, Reached] = {}
        data = self.coverage.get_data()
        for path in self.paths:
            reached = data.contexts_by_lineno(str(Path(path).absolute()))
            for name, one in functions(path).items():
                if name.endswith(ORIGINAL):
                    for offset in range(one.text.count("\n") + 1):
                        for test in reached.get(one.first + offset, ()):
                            found.setdefault(test, {}).setdefault(one.digest, []).append(offset)
        return found


class Altered(NamedTuple):
    """The lines that an alteration alters, in the function with this digest; all where it is not certain."""

    digest: str
    lines: range | None

    def is_reached(self, reached: Reached) -> bool:
        """Whether a test that came to these lines can notice it."""
        lines = reached.get(self.digest)
        return lines is not None and (self.lines is None or any(line in self.lines for line in lines))


class Places:
    """Where alterations are."""

    def of(self, name: str, path: str) -> Altered:
        """Where the alteration of this name is: the statement in which it first differs from the original."""
        held = functions(path)
        altered = name.rpartition(".")[2]
        function = altered.rpartition("__mutmut_")[0]
        original = held[function + ORIGINAL]
        before = original.text.replace(function + ORIGINAL, function).splitlines()
        after = held[altered].text.replace(altered, function).splitlines()
        differing = (at for at, pair in enumerate(zip(before, after, strict=False)) if pair[0] != pair[1])
        line = next(differing, None)
        return Altered(original.digest, _statement(original.text, line) if line is not None else None)


def _statement(text: str, line: int) -> range | None:
    """The lines of the statement at a line, without those of statements in it; None if it is the function."""
    try:
        tree = ast.parse(textwrap.dedent(text))
    except SyntaxError:  # a text of several lines that is not indented
        return None
    around = [
        one
        for one in ast.walk(tree)
        if isinstance(one, ast.stmt) and one.lineno <= line + 1 <= (one.end_lineno or 0)
    ]
    inmost = max(around, key=lambda one: (one.lineno, -(one.end_lineno or 0)))
    if isinstance(inmost, ast.FunctionDef):
        return None
    body = getattr(inmost, "body", None)
    last = max(inmost.lineno, body[0].lineno - 1) if body else inmost.end_lineno or inmost.lineno
    return range(inmost.lineno - 1, max(last, line + 1))
