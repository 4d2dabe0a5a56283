"""A file of cases for both verifiers: what each is given, whether it is accepted, who counts or why not.

What several cases share stands once, under a name. `@…` are bytes: of a document, which stands there as JSON
if they are its canonical bytes, else in base64url. Within documents, `@…` is the base64url of such bytes, and
`&…` is an assertion.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.errors import Refused

VECTORS = Path(__file__).parents[1] / "vectors" / "verifier"
ASSERTION = {"credential_id", "authenticator_data", "client_data", "signature"}
Given = Mapping[str, Any]


@dataclass
class Book:
    """The cases of one kind. `desk` are the desk's codes where they are others than the node's."""

    kind: str
    desk: Mapping[str, str] = field(default_factory=dict)
    shared: dict[str, Any] = field(default_factory=dict)
    cases: list[dict[str, Any]] = field(default_factory=list)

    def accept(self, name: str, given: Given, counted: Sequence[str] = ()) -> None:
        """A case that is accepted; `counted` are the identities of those who sit in a seat."""
        self._add(name, given, {"accepted": True, "counted": sorted(counted)})

    def refuse(self, name: str, given: Given, code: str, *, desk: str | None = None) -> None:
        """A case that is refused, with the node's code; `desk` is the desk's where it is another."""
        alike = "request-refused" if code.startswith("request-") else code
        told = desk or self.desk.get(code, alike)
        self._add(name, given, {"accepted": False, "code": code, "desk": told})

    def write(self, folder: Path) -> None:
        """Write the file."""
        folder.mkdir(parents=True, exist_ok=True)
        content = {"kind": self.kind, "shared": dict(sorted(self.shared.items())), "cases": self.cases}
        lines = json.dumps(content, ensure_ascii=False, indent=None, separators=(",", ":"))
        text = lines.replace('},"', '},\n"').replace("},{", "},\n{")
        (folder / f"{self.kind}.json").write_text(text + "\n", "utf-8")

    def _add(self, name: str, given: Given, expected: Mapping[str, Any]) -> None:
        if any(one["name"] == name for one in self.cases):
            raise ValueError(f"two cases are called {name!r}")
        self.cases.append({"name": name, "given": self._plain(given), "expected": dict(expected)})

    def _plain(self, value: Any) -> Any:
        """`value` as JSON, its bytes shared."""
        if isinstance(value, bytes):
            return self._share(value)
        if isinstance(value, Mapping):
            return {name: self._plain(one) for name, one in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._plain(one) for one in value]
        return value

    def _share(self, data: bytes) -> str:
        name = "@" + _short(data)
        if name not in self.shared:
            document = _document(data)
            self.shared[name] = canonical.b64u(data) if document is None else self._folded(document)
        return name

    def _folded(self, value: Any) -> Any:
        """A part of a document in which what it has in common with others is shared."""
        if isinstance(value, list):
            return [self._folded(one) for one in value]
        if isinstance(value, dict):
            folded = {name: self._folded(one) for name, one in value.items()}
            if value.keys() != ASSERTION:
                return folded
            name = "&" + _short(canonical.encode(value))
            self.shared[name] = folded
            return name
        if isinstance(value, str) and len(value) > 100:
            data = _bytes_in(value)
            return value if data is None or _document(data) is None else self._share(data)
        return value


@cache
def _short(data: bytes) -> str:
    return canonical.sha256_hex(data)[:16]


@cache
def _document(data: bytes) -> Any:
    """What canonical bytes of an object say, else None."""
    try:
        value = canonical.decode(data, limit=1_000_000)
    except Refused:
        return None
    return value if isinstance(value, dict) and "type" in value else None


def _bytes_in(text: str) -> bytes | None:
    try:
        return canonical.b64u_decode(text)
    except Refused:
        return None


@dataclass(frozen=True)
class Case:
    """A case as it is read from a file, its bytes in place."""

    kind: str
    name: str
    given: dict[str, Any]
    expected: dict[str, Any]


def read_cases() -> list[Case]:
    """Every case of every file."""
    found = []
    for file in sorted(VECTORS.glob("*.json")):
        content = json.loads(file.read_text("utf-8"))
        reader = _Reader(content["shared"])
        found += [
            Case(content["kind"], one["name"], reader.given(one["given"]), one["expected"])
            for one in content["cases"]
        ]
    return found


class _Reader:
    """Puts what is shared in its place."""

    def __init__(self, shared: Mapping[str, Any]) -> None:
        self._shared = shared
        self._bytes: dict[str, bytes] = {}

    def given(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._data(value) if value.startswith("@") else value
        if isinstance(value, dict):
            return {name: self.given(one) for name, one in value.items()}
        return [self.given(one) for one in value] if isinstance(value, list) else value

    def _data(self, name: str) -> bytes:
        if name not in self._bytes:
            held = self._shared[name]
            document = isinstance(held, dict)
            self._bytes[name] = (
                canonical.encode(self._within(held)) if document else canonical.b64u_decode(held)
            )
        return self._bytes[name]

    def _within(self, value: Any) -> Any:
        if isinstance(value, str):
            if value.startswith("&"):
                return self._within(self._shared[value])
            return canonical.b64u(self._data(value)) if value.startswith("@") else value
        if isinstance(value, dict):
            return {name: self._within(one) for name, one in value.items()}
        return [self._within(one) for one in value] if isinstance(value, list) else value
