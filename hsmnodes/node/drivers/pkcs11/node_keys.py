"""The node's own keys, in the agent's token: its identity (P-256) and its storage key (AES-256)."""

from typing import Any

from pkcs11 import Attribute, KeyType, Mechanism, MechanismFlag
from pkcs11.exceptions import PKCS11Error
from pkcs11.mechanisms import GCMParams

from hsmnodes.node.drivers.errors import ObjectExists, ObjectNotFound, SealBroken
from hsmnodes.node.drivers.pkcs11.failures import return_value_of
from hsmnodes.node.drivers.pkcs11.objects import (
    IDENTITY_ID,
    PRIVATE,
    PUBLIC,
    SECRET,
    STORAGE_KEY_ID,
    KeyObjects,
)
from hsmnodes.node.drivers.pkcs11.reading import is_complete, public_point
from hsmnodes.node.drivers.pkcs11.templates import CURVES, KEPT
from hsmnodes.node.drivers.pkcs11.templates import PUBLIC as PUBLIC_HALF
from hsmnodes.node.drivers.pkcs11.token import OpenToken
from hsmnodes.node.drivers.return_values import ReturnValue
from hsmnodes.node.drivers.values import Algorithm

SEAL_VERSION = b"\x01"
NONCE_LENGTH, TAG_LENGTH = 12, 16

# How modules report a ciphertext that is not authentic. SoftHSM2 says CKR_GENERAL_ERROR.
WRONG_TAG = {
    ReturnValue.ENCRYPTED_DATA_INVALID,
    ReturnValue.ENCRYPTED_DATA_LEN_RANGE,
    ReturnValue.AEAD_DECRYPT_FAILED,
    ReturnValue.GENERAL_ERROR,
}


def generate_identity(token: OpenToken, label: str) -> bytes:
    """See `Driver.generate_identity`."""
    _make_room(token, IDENTITY_ID)
    parameters = token.session.create_domain_parameters(
        KeyType.EC, {Attribute.EC_PARAMS: CURVES[Algorithm.EC_P256]}, local=True
    )
    with token.index.reloaded_on_failure():
        public, private = parameters.generate_keypair(
            mechanism=Mechanism.EC_KEY_PAIR_GEN,
            id=IDENTITY_ID,
            label=label,
            store=True,
            capabilities=MechanismFlag.SIGN | MechanismFlag.VERIFY,
            public_template=PUBLIC_HALF,
            private_template={**KEPT, Attribute.SIGN_RECOVER: False},
        )
        token.index.add(public)
        token.index.add(private)
    return public_point(public)


def identity_public(token: OpenToken) -> bytes:
    """See `Driver.identity_public`."""
    return public_point(_identity(token)[1])


def sign_identity(token: OpenToken, digest: bytes) -> bytes:
    """See `Driver.sign_identity`."""
    signature: bytes = _identity(token)[0].sign(digest, mechanism=Mechanism.ECDSA)
    return signature


def generate_storage_key(token: OpenToken) -> None:
    """See `Driver.generate_storage_key`."""
    _make_room(token, STORAGE_KEY_ID)
    with token.index.reloaded_on_failure():
        key = token.session.generate_key(
            KeyType.AES,
            256,
            id=STORAGE_KEY_ID,
            label="storage key",
            store=True,
            capabilities=MechanismFlag.ENCRYPT | MechanismFlag.DECRYPT,
            template=KEPT,
        )
        token.index.add(key)


def seal(token: OpenToken, plaintext: bytes, context: bytes) -> bytes:
    """See `Driver.seal`. The blob is a version byte, the nonce, the ciphertext and the tag."""
    nonce = token.session.generate_random(NONCE_LENGTH * 8)
    sealed: bytes = _storage_key(token).encrypt(
        plaintext, mechanism=Mechanism.AES_GCM, mechanism_param=_parameters(nonce, context)
    )
    return SEAL_VERSION + nonce + sealed


def open_sealed(token: OpenToken, blob: bytes, context: bytes) -> bytes:
    """See `Driver.open_sealed`."""
    if not blob.startswith(SEAL_VERSION) or len(blob) < 1 + NONCE_LENGTH + TAG_LENGTH:
        raise SealBroken("this was not sealed by a node")
    nonce, sealed = blob[1 : 1 + NONCE_LENGTH], blob[1 + NONCE_LENGTH :]
    key = _storage_key(token)
    try:
        plaintext: bytes = key.decrypt(
            sealed, mechanism=Mechanism.AES_GCM, mechanism_param=_parameters(nonce, context)
        )
    except PKCS11Error as error:
        ck = return_value_of(error)
        if ck not in WRONG_TAG:
            raise
        raise SealBroken("what was sealed does not open", ck=ck) from None
    return plaintext


def _parameters(nonce: bytes, context: bytes) -> GCMParams:
    return GCMParams(nonce, context, TAG_LENGTH * 8)


def _make_room(token: OpenToken, key_id: bytes) -> None:
    """Remove what a crash left of one of the node's keys. Raises `ObjectExists` if it is whole."""
    present = token.index.find(key_id)
    if present is not None and is_complete(present, None):
        raise ObjectExists(f"the node has its {key_id.decode()} key already")
    if present is not None:
        token.index.destroy(key_id)


def _identity(token: OpenToken) -> tuple[Any, Any]:
    objects = _whole(token, IDENTITY_ID)
    return objects.get(PRIVATE), objects.get(PUBLIC)


def _storage_key(token: OpenToken) -> Any:
    return _whole(token, STORAGE_KEY_ID).get(SECRET)


def _whole(token: OpenToken, key_id: bytes) -> KeyObjects:
    objects = token.index.find(key_id)
    if objects is None or not is_complete(objects, None):
        raise ObjectNotFound(f"the node has no {key_id.decode()} key yet")
    return objects
