"""A web server's application for the built desk: its files by an exact list, its headers, and no logic.

It reads the desk into memory once, refuses to start if a file is not the one the manifest names, and answers
for the desk's own host name alone. `granian --interface wsgi console.desk.server:application` runs it, with
QUORATE_DESK_DIR for the folder that was built.
"""

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from console.desk.build import MANIFEST
from console.desk.headers import desk_headers
from hsmnodes.node.protocol import canonical

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}


@dataclass(frozen=True)
class File:
    """One file of the desk as it is served."""

    data: bytes
    type: str
    tag: str


def load(folder: Path) -> tuple[dict[str, str], dict[str, File]]:
    """The built desk's manifest, and its files by the path they are asked for by.

    Raises ValueError if a file is not the one that the manifest names.
    """
    written = (folder / MANIFEST).read_bytes()
    manifest = json.loads(written)
    files = {f"/{MANIFEST}": File(written, TYPES[".json"], f'"{canonical.sha256_hex(written)}"')}
    for name, wanted in manifest["files"].items():
        data = (folder / name).read_bytes()
        if canonical.sha256_hex(data) != wanted:
            raise ValueError(f"{folder / name} was changed after the desk was built; build it again.")
        files[f"/{name}"] = File(data, TYPES[Path(name).suffix], f'"{wanted}"')
    files["/"] = files.pop("/index.html")
    return manifest, files


def make_application(folder: Path) -> "WSGIApplication":
    """Serve the desk that was built into `folder`."""
    manifest, files = load(folder)
    headers = list(desk_headers(console=manifest["console"], origin=manifest["origin"]).items())
    host = manifest["origin"].partition("://")[2]

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        def answer(status: str, body: bytes = b"", *more: tuple[str, str]) -> Iterable[bytes]:
            start_response(status, [*headers, *more, ("Content-Length", str(len(body)))])
            return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

        if environ.get("HTTP_HOST", "").lower() != host:
            body = f"This desk is at {manifest['origin']}, and nowhere else.\n".encode()
            return answer("421 Misdirected Request", body, ("Content-Type", TYPES[".txt"]))
        if environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
            return answer("405 Method Not Allowed", b"", ("Allow", "GET, HEAD"))
        file = files.get(environ["PATH_INFO"])
        if file is None:
            return answer("404 Not Found", b"Not Found", ("Content-Type", TYPES[".txt"]))
        if environ.get("HTTP_IF_NONE_MATCH") == file.tag:
            start_response("304 Not Modified", [*headers, ("ETag", file.tag)])
            return []
        return answer("200 OK", file.data, ("Content-Type", file.type), ("ETag", file.tag))

    return application


def __getattr__(name: str) -> "WSGIApplication":
    """`application`, made when a web server asks for it: importing this module needs no environment."""
    if name != "application":
        raise AttributeError(name)
    return make_application(Path(os.environ["QUORATE_DESK_DIR"]))
