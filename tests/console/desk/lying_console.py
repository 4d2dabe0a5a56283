"""A console that answers the desk with whatever a test tells it to, and keeps what the desk hands in."""

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.canonical import b64u

BACK = b"<!doctype html><link rel=icon href='data:,'><title>Console</title><h1>Back at the console</h1>"

Order = dict[str, Any]


def order(purpose: str, document: dict[str, Any] | bytes, **more: Any) -> Order:
    """An answer to POST /desk/ticket for a document, or for bytes as they are."""
    data = document if isinstance(document, bytes) else canonical.encode(document)
    return {
        "purpose": f"quorate/{purpose}/v1",
        "document": b64u(data),
        "attached": [],
        "credentials": [],
        "person": None,
        "ceremony": None,
        **more,
    }


@dataclass
class LyingConsole:
    """Tickets with what each is for, the answers that were handed in, and what the browser came back with."""

    desk: str
    orders: dict[str, Order | tuple[str, str]] = field(default_factory=dict)
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    returned: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def ticket(self, what: Order | tuple[str, str]) -> str:
        """A ticket for an order, or for a refusal (status, code)."""
        ticket = b64u(secrets.token_bytes(32))
        self.orders[ticket] = what
        return ticket

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        self.asked.append(f"{method} {path}")
        if method == "OPTIONS":
            return self._answer(start_response, "204 No Content", None)
        if path == "/desk/return":
            self.returned.append(environ["QUERY_STRING"])
            start_response("200 OK", [("Content-Type", "text/html")])
            return [BACK]
        if path not in ("/desk/ticket", "/desk/answer") or environ.get("HTTP_COOKIE"):
            return self._answer(start_response, "400 Bad Request", {"code": "malformed"})
        body = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        if path == "/desk/ticket":
            return self._fetch(start_response, body)
        return self._take(start_response, body)

    def _fetch(self, start_response: Callable[..., Any], body: dict[str, Any]) -> list[bytes]:
        what = self.orders.get(body["ticket"])
        if what is None:
            return self._answer(start_response, "404 Not Found", {"code": "ticket-unknown"})
        if isinstance(what, tuple):
            return self._answer(start_response, what[0], {"code": what[1]})
        return self._answer(start_response, "200 OK", what)

    def _take(self, start_response: Callable[..., Any], body: dict[str, Any]) -> list[bytes]:
        self.answers[body.pop("ticket")] = body
        return self._answer(start_response, "200 OK", {"code": b64u(secrets.token_bytes(32))})

    def _answer(self, start_response: Callable[..., Any], status: str, body: Any) -> list[bytes]:
        headers = [
            ("Access-Control-Allow-Origin", self.desk),
            ("Access-Control-Allow-Methods", "POST"),
            ("Access-Control-Allow-Headers", "content-type"),
            ("Vary", "Origin"),
            ("Cache-Control", "no-store"),
        ]
        start_response(status, [*headers, *([("Content-Type", "application/json")] if body else [])])
        return [json.dumps(body).encode()] if body else []
