"""Software security tokens: ES256 or EdDSA, and as dishonest as a test needs them to be."""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import Assertion, Desk, Named, Token
from hsmnodes.node.protocol.documents.charter import EDDSA, ES256, SIMULATOR_PREFIX, Attestation
from hsmnodes.node.protocol.documents.share_keys import ShareKey, ShareKeyStatement
from hsmnodes.node.protocol.purposes import Purpose, challenge
from tests.cast.ids import make_id

DESK = Desk(origin="http://localhost:8001", rp_id="localhost")
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

USER_PRESENT, USER_VERIFIED = 0x01, 0x04


@dataclass
class SoftwareToken:
    """A token whose keys derive from `seed`, so that a cast is the same in every run."""

    seed: str
    algorithm: int = ES256
    simulated: bool = True
    desk: Desk = DESK
    counter: int = field(default=0)

    def __post_init__(self):
        material = hashlib.sha256(b"token " + self.seed.encode()).digest()
        prefix = SIMULATOR_PREFIX if self.simulated else b""
        self.credential_id = canonical.b64u(prefix + hashlib.sha256(b"credential " + material).digest())
        if self.algorithm == ES256:
            self._key = ec.derive_private_key(int.from_bytes(material, "big") % P256_ORDER, ec.SECP256R1())
            public = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        else:
            self._key = ed25519.Ed25519PrivateKey.from_private_bytes(material)
            public = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.public_key = canonical.b64u(public)
        self.share_private = hashlib.sha256(b"share " + material).digest()

    def token(self, **changes: Any) -> Token:
        """The token as a charter holds it."""
        values = {
            "credential_id": self.credential_id,
            "algorithm": self.algorithm,
            "public_key": self.public_key,
            "label": f"Token {self.seed}",
            "aaguid": "00" * 16,
            "attestation": Attestation(format="none", trusted=False),
            "backup_eligible": False,
            "simulated": self.simulated,
        }
        return Token(**(values | changes))

    def share_key(
        self,
        person: Named,
        *,
        deployment: str = make_id("deployment"),
        at: int = 1_764_000_000,
        **changes: Any,
    ) -> ShareKey:
        """The share key of this token, certified by it as the key of `person`."""
        private = X25519PrivateKey.from_private_bytes(self.share_private)
        values = {
            "deployment": deployment,
            "demo": True,
            "person": Named(id=person.id, name=person.name),
            "credential_id": self.credential_id,
            "public_key": canonical.b64u(private.public_key().public_bytes_raw()),
            "at": at,
        }
        stated = ShareKeyStatement(**(values | changes))
        return ShareKey(
            statement=canonical.b64u(stated.raw), assertion=self.sign(Purpose.SHARE_KEY, stated.raw)
        )

    def sign(
        self, purpose: Purpose, data: bytes, *, flags: int = USER_PRESENT | USER_VERIFIED, **client
    ) -> Assertion:
        """An assertion over challenge(purpose, data); `client` overrides members of the client data."""
        self.counter += 1
        client_data = json.dumps(
            {
                "type": "webauthn.get",
                "challenge": canonical.b64u(challenge(purpose, data)),
                "origin": self.desk.origin,
                "crossOrigin": False,
            }
            | client,
            separators=(",", ":"),
        ).encode()
        authenticator_data = (
            hashlib.sha256(self.desk.rp_id.encode()).digest()
            + bytes([flags])
            + self.counter.to_bytes(4, "big")
        )
        return Assertion(
            credential_id=self.credential_id,
            authenticator_data=canonical.b64u(authenticator_data),
            client_data=canonical.b64u(client_data),
            signature=canonical.b64u(self._sign(authenticator_data + hashlib.sha256(client_data).digest())),
        )

    def _sign(self, message: bytes) -> bytes:
        if self.algorithm == ES256:
            return self._key.sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
        assert self.algorithm == EDDSA
        return self._key.sign(message)
