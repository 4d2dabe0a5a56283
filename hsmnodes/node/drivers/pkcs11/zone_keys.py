"""The keys of a zone: generated, found, wrapped, destroyed."""

from typing import Any

from pkcs11 import MGF, Attribute, KeyType, Mechanism

from hsmnodes.node.drivers.errors import MechanismUnavailable, ObjectNotFound
from hsmnodes.node.drivers.pkcs11.backup_key import any_backup_key, require_backup_key
from hsmnodes.node.drivers.pkcs11.objects import PRIVATE, KeyObjects
from hsmnodes.node.drivers.pkcs11.reading import WRAP_MECHANISM, is_complete, stored_key
from hsmnodes.node.drivers.pkcs11.templates import BACKED_UP, CURVES, KEPT, PUBLIC, Template, capabilities
from hsmnodes.node.drivers.pkcs11.token import OpenToken
from hsmnodes.node.drivers.values import (
    KEY_ID_LENGTH,
    Algorithm,
    KeySpec,
    SignMechanism,
    StoredKey,
    WrappedKey,
)

_SIGN: dict[SignMechanism, tuple[Mechanism, Any]] = {
    SignMechanism.ECDSA: (Mechanism.ECDSA, None),
    SignMechanism.RSA_PKCS1_SHA256: (Mechanism.SHA256_RSA_PKCS, None),
    SignMechanism.RSA_PSS_SHA256: (Mechanism.SHA256_RSA_PKCS_PSS, (Mechanism.SHA256, MGF.SHA256, 32)),
}


def generate_key(token: OpenToken, spec: KeySpec) -> StoredKey:
    """See `Driver.generate_key`."""
    if spec.algorithm not in token.profile.algorithms:
        raise MechanismUnavailable(f"{token.profile.name} does not make {spec.algorithm} keys")
    token.index.require_free(spec.key_id, spec.label)
    with token.index.reloaded_on_failure():
        for made in _generate(token, spec):
            token.index.add(made)
    objects = token.index.get(spec.key_id)
    stored = stored_key(spec.key_id, objects, any_backup_key(token))
    objects.described = stored.wrapped(b"") if stored.complete else None
    return stored


def find_key(token: OpenToken, key_id: bytes) -> StoredKey | None:
    """See `Driver.find_key`."""
    objects = token.index.find(key_id) if len(key_id) == KEY_ID_LENGTH else None
    return None if objects is None else stored_key(key_id, objects, any_backup_key(token))


def list_keys(token: OpenToken) -> list[StoredKey]:
    """See `Driver.list_keys`."""
    key = any_backup_key(token)
    keys = [stored_key(key_id, objects, key) for key_id, objects in token.index.zone_keys().items()]
    return sorted(keys, key=lambda key: key.label)


def wrap_key(token: OpenToken, key_id: bytes, backup_key_id: bytes) -> bytes:
    """See `Driver.wrap_key`."""
    (wrapped,) = wrap_keys(token, [key_id], backup_key_id)
    return wrapped.blob


def wrap_keys(token: OpenToken, key_ids: list[bytes], backup_key_id: bytes) -> list[WrappedKey]:
    """See `Driver.wrap_keys`."""
    return wrap_under(token, key_ids, require_backup_key(token, backup_key_id))


def wrap_under(token: OpenToken, key_ids: list[bytes], wrapper: Any) -> list[WrappedKey]:
    """Keys wrapped under a key object that is trusted. Raises `ObjectNotFound`.

    All are looked up, then all wrapped, then described: by turns, each would find the processor's caches full
    of what the others need.
    """
    objects = [_wrappable(token, key_id, wrapper) for key_id in key_ids]
    blobs = [token.module.wrap_key(token.session, wrapper, one.main, WRAP_MECHANISM) for one, _ in objects]
    return [
        described.model_copy(update={"blob": blob})
        for (_, described), blob in zip(objects, blobs, strict=True)
    ]


def sign(token: OpenToken, key_id: bytes, data: bytes, mechanism: SignMechanism) -> bytes:
    """See `Driver.sign`."""
    objects = token.index.get(key_id)
    private = objects.get(PRIVATE) if is_complete(objects, None) else None
    if private is None or not private[Attribute.SIGN]:
        raise MechanismUnavailable(f"key {key_id.hex()} does not sign")
    name, parameter = _SIGN[mechanism]
    signature: bytes = private.sign(data, mechanism=name, mechanism_param=parameter)
    return signature


def _wrappable(token: OpenToken, key_id: bytes, key: Any) -> tuple[KeyObjects, WrappedKey]:
    """The objects of a key that is complete, and what it is, with an empty blob. Raises `ObjectNotFound`."""
    objects = token.index.get(key_id)
    if objects.described is None:
        stored = stored_key(key_id, objects, key)
        if not stored.complete:
            raise ObjectNotFound(f"key {key_id.hex()} is not complete")
        objects.described = stored.wrapped(b"")
    return objects, objects.described


def _generate(token: OpenToken, spec: KeySpec) -> tuple[Any, ...]:
    common: dict[str, Any] = {
        "id": spec.key_id,
        "label": spec.label,
        "store": True,
        "capabilities": capabilities(spec.algorithm, spec.usages),
    }
    protection = BACKED_UP if token.profile.trusted_wrapping else KEPT
    if not spec.algorithm.is_pair:
        bits = _bits(spec.algorithm)
        return (token.session.generate_key(KeyType.AES, bits, template=protection, **common),)
    halves: dict[str, Any] = {
        "public_template": PUBLIC,
        "private_template": {**protection, Attribute.SIGN_RECOVER: False},
    }
    if spec.algorithm.family == "rsa":
        return token.session.generate_keypair(KeyType.RSA, _bits(spec.algorithm), **halves, **common)
    curve: Template = {Attribute.EC_PARAMS: CURVES[spec.algorithm]}
    parameters = token.session.create_domain_parameters(KeyType.EC, curve, local=True)
    return parameters.generate_keypair(mechanism=Mechanism.EC_KEY_PAIR_GEN, **halves, **common)


def _bits(algorithm: Algorithm) -> int:
    return int(algorithm.value.split("-")[1])
