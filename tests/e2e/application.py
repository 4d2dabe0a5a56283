"""An application at the HSM: signs with a zone's key by pkcs11-tool, a PKCS#11 client that is not ours."""

import hashlib
import os
import subprocess
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from hsmnodes.node.agent import zones
from hsmnodes.node.agent.agent_token import open_agent_token
from hsmnodes.node.agent.config import Config
from hsmnodes.node.agent.pools import open_pool
from hsmnodes.node.agent.store import Store
from hsmnodes.node.agent.vault import Vault

MESSAGE = b"Pay 100 EUR to Hana."


def prove_signing(config: Config, zone: str, key_id: str, pem: bytes, folder: Path) -> None:
    """The key that is in the zone's token of a stopped node signs, and is the one the console shows."""
    signature = sign(config, zone, key_id, MESSAGE, folder)
    verify(pem, signature, MESSAGE)
    with pytest.raises(InvalidSignature):
        verify(pem, signature, MESSAGE + b"!")


def sign(config: Config, zone: str, key_id: str, message: bytes, folder: Path) -> bytes:
    """An ECDSA signature (r || s) over SHA-256 of the message, made in the zone's token of a stopped node."""
    (folder / "digest").write_bytes(hashlib.sha256(message).digest())
    subprocess.run(
        [
            *("pkcs11-tool", "--module", str(config.pkcs11.module), "--token-label", zone),
            *("--login", "--pin", _pin_of(config, zone), "--sign", "--mechanism", "ECDSA"),
            *("--id", key_id, "--input-file", str(folder / "digest")),
            *("--output-file", str(folder / "signature")),
        ],
        check=True,
        capture_output=True,
        env={**os.environ, "SOFTHSM2_CONF": str(config.state / "zones" / zone / "softhsm2.conf")},
    )
    return (folder / "signature").read_bytes()


def verify(pem: bytes, signature: bytes, message: bytes) -> None:
    """Check it with the public key as the console shows it. Raises InvalidSignature."""
    key = load_pem_public_key(pem)
    assert isinstance(key, ec.EllipticCurvePublicKey)
    half = len(signature) // 2
    numbers = (int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big"))
    key.verify(encode_dss_signature(*numbers), message, ec.ECDSA(hashes.SHA256()))


def _pin_of(config: Config, zone: str) -> str:
    """The PIN of the zone's token: until applications have tokens of their own, only the node knows it."""
    pool = open_pool(config)
    store = Store(config.database)
    try:
        return Vault(config, store, open_agent_token(config, pool)).known_pin(zones._user_pin(zone))
    finally:
        store.close()
        pool.close()
