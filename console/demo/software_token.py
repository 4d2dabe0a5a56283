"""A software token that stands for a security token in a demo; its credential id says so everywhere."""

import hashlib
import json
import secrets
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)

from console.desk.simulator import SimulatedToken
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import Assertion, Desk, Token
from hsmnodes.node.protocol.documents.charter import ES256, SIMULATOR_PREFIX
from hsmnodes.node.protocol.purposes import Purpose, challenge

PRESENT_AND_VERIFIED = 0x05
NO_COUNTER = bytes(4)


@dataclass(frozen=True)
class SoftwareToken:
    """A P-256 key with a credential id; it has no counter, like many tokens."""

    credential_id: str
    label: str
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def make(cls, label: str) -> "SoftwareToken":
        """A new one."""
        credential_id = canonical.b64u(SIMULATOR_PREFIX + secrets.token_bytes(32))
        return cls(credential_id, label, ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def read(cls, simulated: SimulatedToken) -> "SoftwareToken":
        """The one in the simulator's file."""
        key = load_der_private_key(canonical.b64u_decode(simulated.private_key), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError("a simulated token's key is a P-256 key")
        return cls(simulated.credential_id, simulated.label, key)

    def simulated(self) -> SimulatedToken:
        """How the simulator's file holds it."""
        key = self.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        return SimulatedToken(
            credential_id=self.credential_id, label=self.label, private_key=canonical.b64u(key)
        )

    def token(self) -> Token:
        """How a charter holds it."""
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return Token.model_validate(
            {
                "credential_id": self.credential_id,
                "algorithm": ES256,
                "public_key": canonical.b64u(point),
                "label": self.label,
                "aaguid": "0" * 32,
                "attestation": {"format": "none", "trusted": False},
                "backup_eligible": False,
                "simulated": True,
            }
        )

    def sign(self, purpose: Purpose, data: bytes, *, desk: Desk) -> Assertion:
        """An assertion as the token would give it at `desk`."""
        client = {
            "type": "webauthn.get",
            "challenge": canonical.b64u(challenge(purpose, data)),
            "origin": desk.origin,
            "crossOrigin": False,
        }
        client_data = json.dumps(client, separators=(",", ":")).encode()
        rp_hash = hashlib.sha256(desk.rp_id.encode()).digest()
        authenticator_data = rp_hash + bytes([PRESENT_AND_VERIFIED]) + NO_COUNTER
        signature = self.key.sign(
            authenticator_data + hashlib.sha256(client_data).digest(), ec.ECDSA(hashes.SHA256())
        )
        return Assertion(
            credential_id=self.credential_id,
            authenticator_data=canonical.b64u(authenticator_data),
            client_data=canonical.b64u(client_data),
            signature=canonical.b64u(signature),
        )
