"""Programs of the tests: requests signed by the library, or made wrong in one place."""

import base64
import hashlib
import json
import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from http_message_signatures import HTTPMessageSigner, HTTPSignatureKeyResolver, algorithms

from hsmnodes.node.protocol import canonical

READ = ("@method", "@target-uri")
WRITE = (*READ, "content-digest", "content-type")


@dataclass
class Message:
    """A request as the library signs it."""

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class ProgramKey(HTTPSignatureKeyResolver):
    """A program's private key, and the requests it signs."""

    id: str = ""
    private: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    @property
    def public_key(self) -> str:
        """As it is registered."""
        return canonical.b64u(self.private.public_key().public_bytes_raw())

    def resolve_public_key(self, key_id):
        return self.private.public_key()

    def resolve_private_key(self, key_id):
        return self.private

    def headers(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        covered: tuple[str, ...] | None = None,
        label: str = "quorate",
        nonce: str | None = "",
        created: float | None = None,
        origin: str = "",
    ) -> dict[str, str]:
        """The headers of a signed request; `nonce=None` leaves the nonce out."""
        message = Message(method, (origin or settings.CONSOLE_ORIGIN) + path)
        if body:
            digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
            message.headers = {"Content-Digest": f"sha-256=:{digest}:", "Content-Type": "application/json"}
        HTTPMessageSigner(signature_algorithm=algorithms.ED25519, key_resolver=self).sign(
            message,
            key_id=self.id,
            label=label,
            nonce=secrets.token_urlsafe(16) if nonce == "" else nonce,
            created=datetime.fromtimestamp(created or time.time(), UTC),
            include_alg=False,
            use_existing_digest=bool(body),
            covered_component_ids=covered or (WRITE if body else READ),
        )
        return message.headers

    def get(self, path: str, **changes: Any) -> HttpResponse:
        """A signed GET."""
        return Client().get(path, headers=self.headers("GET", path, **changes))

    def post(self, path: str, content: Any, *, more: dict[str, str] | None = None) -> HttpResponse:
        """A signed POST of JSON."""
        body = json.dumps(content).encode()
        headers = {**self.headers("POST", path, body), **(more or {})}
        return Client().post(path, data=body, content_type="application/json", headers=headers)
