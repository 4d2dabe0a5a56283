"""Software tokens for tests: WebAuthn credentials whose keys are made from a name, so that runs repeat."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hsmnodes.node.protocol.canonical import b64u
from hsmnodes.node.protocol.documents.charter import Desk, Token
from hsmnodes.node.protocol.documents.signatures import Assertion

ES256, EDDSA = -7, -8
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
DESK = Desk(origin="http://localhost:8001", rp_id="localhost")
PRESENT_AND_VERIFIED = 0x05
SIMULATOR_PREFIX = b"quorate-simulator:"


@dataclass(frozen=True)
class SoftwareToken:
    """A token of our own making: `name` decides its key and its credential id."""

    name: str
    algorithm: int = ES256
    simulated: bool = False
    desk: Desk = field(default=DESK)

    @cached_property
    def private_key(self) -> ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey:
        seed = hashlib.sha256(b"key of " + self.name.encode()).digest()
        if self.algorithm == EDDSA:
            return ed25519.Ed25519PrivateKey.from_private_bytes(seed)
        secret = int.from_bytes(seed, "big") % (P256_ORDER - 1) + 1
        return ec.derive_private_key(secret, ec.SECP256R1())

    @cached_property
    def public_key(self) -> bytes:
        public = self.private_key.public_key()
        if self.algorithm == EDDSA:
            return public.public_bytes(Encoding.Raw, PublicFormat.Raw)
        return public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    @cached_property
    def credential_id(self) -> bytes:
        random = hashlib.sha256(b"credential of " + self.name.encode()).digest()
        return SIMULATOR_PREFIX + random[:16] if self.simulated else random

    @cached_property
    def token(self) -> Token:
        """How a charter writes it down."""
        return self.described()

    def described(self, **changes: Any) -> Token:
        """The token as a charter writes it down, with `changes`."""
        fields: dict[str, Any] = {
            "credential_id": b64u(self.credential_id),
            "algorithm": self.algorithm,
            "public_key": b64u(self.public_key),
            "label": self.name,
            "aaguid": "0" * 32,
            "attestation": {"format": "none", "trusted": False},
            "backup_eligible": False,
            "simulated": self.simulated,
        }
        return Token(**(fields | changes))

    def sign(
        self,
        challenge: bytes,
        *,
        flags: int = PRESENT_AND_VERIFIED,
        counter: int = 0,
        extensions: bytes = b"",
        rp_id: str | None = None,
        client: Mapping[str, Any] | None = None,
        client_data: bytes | None = None,
    ) -> Assertion:
        """An assertion over `challenge`; the rest is for lies: other flags, client data, relying party."""
        data = hashlib.sha256((rp_id or self.desk.rp_id).encode()).digest()
        data += bytes([flags]) + counter.to_bytes(4, "big") + extensions
        if client_data is None:
            members = {
                "type": "webauthn.get",
                "challenge": b64u(challenge),
                "origin": self.desk.origin,
                "crossOrigin": False,
            }
            client_data = json.dumps(members | dict(client or {}), separators=(",", ":")).encode()
        return self.assertion(data, client_data, self.sign_raw(data, client_data))

    def sign_raw(self, data: bytes, client_data: bytes) -> bytes:
        """The signature over authenticator data and client data."""
        signed = data + hashlib.sha256(client_data).digest()
        if isinstance(self.private_key, ed25519.Ed25519PrivateKey):
            return self.private_key.sign(signed)
        return self.private_key.sign(signed, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))

    def assertion(self, data: bytes, client_data: bytes, signature: bytes) -> Assertion:
        """These parts as an assertion of this token's credential."""
        return Assertion(
            credential_id=b64u(self.credential_id),
            authenticator_data=b64u(data),
            client_data=b64u(client_data),
            signature=b64u(signature),
        )
