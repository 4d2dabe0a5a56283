"""Looking for secrets in everything that a console, its broker, its logs and its network have seen."""

import base64
import json
from collections.abc import Iterator, Mapping
from pathlib import Path


def spellings(secret: bytes) -> set[bytes]:
    """How a secret might be written: raw, hex, base64, JSON-escaped, and each of these in base64 again."""
    plain = {
        secret,
        secret.hex().encode(),
        secret.hex().upper().encode(),
        json.dumps(secret.decode("latin-1"))[1:-1].encode(),
        *in_base64(secret),
    }
    return plain | {twice for once in plain for twice in in_base64(once)}


def in_base64(data: bytes) -> Iterator[bytes]:
    """The middle of `data` in base64, wherever it begins within what is encoded with it."""
    for shift in range(3):
        whole = base64.b64encode(bytes(shift) + data)
        inner = whole[4 if shift else 0 : len(whole) // 4 * 4 - 4]
        yield inner
        yield inner.translate(bytes.maketrans(b"+/", b"-_"))


def where(secrets: Mapping[str, bytes], places: Mapping[str, bytes]) -> list[str]:
    """In which places which secrets stand, in whatever spelling."""
    written = {name: spellings(secret) for name, secret in secrets.items()}
    return [
        f"{name} in {place}"
        for place, content in places.items()
        for name, forms in written.items()
        if any(form in content for form in forms)
    ]


def files_of(folder: Path, *, without: str) -> dict[str, bytes]:
    """Every file below a folder, but for one that is named."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != without
    }
