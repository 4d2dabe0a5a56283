"""The desk's own web server: static files, strict headers, no logic, and nothing of Django.

The desk is the one page that talks to security tokens, so whatever its origin serves must be the built desk
and nothing else: other host names are refused, no script but the desk's own can run there, nothing can frame
it, and it can speak to the console alone. A deployment that serves it otherwise sends these same headers.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from whitenoise import WhiteNoise

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def desk_headers(console_origin: str) -> dict[str, str]:
    """The headers of every answer from the desk's origin; it may reach the console's origin and no other."""
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "font-src": "'self'",
        "connect-src": f"'self' {console_origin}",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": (
            "publickey-credentials-get=(self), publickey-credentials-create=(self), "
            "camera=(), microphone=(), geolocation=(), payment=(), usb=(), display-capture=()"
        ),
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Cache-Control": "no-cache",
    }


def make_application(folder: Path, *, desk_origin: str, console_origin: str) -> "WSGIApplication":
    """Serve the built desk in `folder`, under the host name of `desk_origin` alone."""
    headers = desk_headers(console_origin)
    host = urlsplit(desk_origin).netloc

    def refuse(start_response: "StartResponse", status: str) -> Iterable[bytes]:
        start_response(status, [("Content-Type", "text/plain; charset=utf-8"), *headers.items()])
        return [status.encode()]

    def not_found(_: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        return refuse(start_response, "404 Not Found")

    files = WhiteNoise(
        not_found,
        root=folder,
        index_file=True,
        allow_all_origins=False,
        add_headers_function=lambda answer, _path, _url: [
            answer.__setitem__(name, value) for name, value in headers.items()
        ],
    )

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ.get("HTTP_HOST", "").lower() != host:
            return refuse(start_response, "421 Misdirected Request")
        if environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
            return refuse(start_response, "405 Method Not Allowed")
        return files(environ, start_response)

    return application


def __getattr__(name: str) -> "WSGIApplication":
    """`application`, made when a web server asks for it: importing this module needs no environment."""
    if name != "application":
        raise AttributeError(name)
    return make_application(
        Path(os.environ["QUORATE_DESK_DIR"]),
        desk_origin=os.environ["QUORATE_DESK_ORIGIN"],
        console_origin=os.environ["QUORATE_CONSOLE_ORIGIN"],
    )
