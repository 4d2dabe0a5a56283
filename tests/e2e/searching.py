"""Looking for secrets in everything that a console, its broker, its logs and its network have seen."""

import base64
import binascii
import json
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

DEEPEST = 6
RUN = re.compile(rb"[A-Za-z0-9+/_-]{40,}")
TO_STANDARD = bytes.maketrans(b"-_", b"+/")


def spellings(secret: bytes) -> set[bytes]:
    """How a secret might be written: raw, in hexadecimal, in base64, in JSON as a text or as numbers."""
    text = secret.decode("latin-1")
    escaped = json.dumps(text)[1:-1]
    return {
        secret,
        secret.hex().encode(),
        secret.hex().upper().encode(),
        escaped.encode(),
        re.sub(r"\\u[0-9a-f]{4}", lambda code: "\\u" + code[0][2:].upper(), escaped).encode(),
        json.dumps(text, ensure_ascii=False)[1:-1].encode(),
        ",".join(map(str, secret)).encode(),
        ", ".join(map(str, secret)).encode(),
        ",".join(f'"{place}":{byte}' for place, byte in enumerate(secret)).encode(),
        *in_base64(secret),
    }


def in_base64(data: bytes) -> Iterator[bytes]:
    """The middle of `data` in base64, wherever it begins within what is encoded with it."""
    for shift in range(3):
        whole = base64.b64encode(bytes(shift) + data)
        inner = whole[4 if shift else 0 : len(whole) // 4 * 4 - 4]
        yield inner
        yield inner.translate(bytes.maketrans(b"+/", b"-_"))


def unfolded(content: bytes, depth: int = 0) -> Iterator[bytes]:
    """The content, and whatever stands in it in base64, and in that again."""
    yield content
    if depth == DEEPEST:
        return
    for run in RUN.findall(content):
        whole = run[: len(run) // 4 * 4].translate(TO_STANDARD)
        try:
            inner = binascii.a2b_base64(whole)
        except binascii.Error:
            continue
        yield from unfolded(inner, depth + 1)


def where(secrets: Mapping[str, bytes], places: Mapping[str, bytes]) -> list[str]:
    """In which places which secrets stand, in whatever spelling, and in base64 however often."""
    written = {name: spellings(secret) for name, secret in secrets.items()}
    found = []
    for place, content in places.items():
        haystack = b"\n".join(unfolded(content))
        found += [
            f"{name} in {place}" for name, forms in written.items() if any(form in haystack for form in forms)
        ]
    return found


def places_in(folder: Path, *, without: str) -> dict[str, bytes]:
    """Every file below a folder, but for one that is named; of a database every table, too, since in its file
    a long value is cut up by the pages.
    """
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != without:
            name, content = str(path.relative_to(folder)), path.read_bytes()
            found[name] = content
            if content.startswith(b"SQLite format 3\0"):
                found |= {f"{name}, {table}": values for table, values in _tables_of(path)}
    return found


def _tables_of(path: Path) -> Iterator[tuple[str, bytes]]:
    with closing(sqlite3.connect(path)) as database:
        names = database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
        for [name] in names:
            rows = database.execute(f'SELECT * FROM "{name}"')
            yield name, b"\n".join(_as_bytes(value) for row in rows for value in row)


def _as_bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()
