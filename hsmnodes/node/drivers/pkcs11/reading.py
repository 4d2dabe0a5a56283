"""Reading keys back from the token: `StoredKey`s and public keys."""

from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass
from pkcs11.exceptions import PKCS11Error

from hsmnodes.node.drivers.errors import DriverError
from hsmnodes.node.drivers.pkcs11.objects import PRIVATE, PUBLIC, SECRET, KeyObjects
from hsmnodes.node.drivers.pkcs11.templates import CURVES
from hsmnodes.node.drivers.values import Algorithm, StoredKey, Usage

# SoftHSM2's CKM_AES_KEY_WRAP_PAD is RFC 5649 (CKM_AES_KEY_WRAP_KWP of PKCS#11 v3.0).
WRAP_MECHANISM = Mechanism.AES_KEY_WRAP_PAD

_CURVE_OF: dict[Algorithm, ec.EllipticCurve] = {
    Algorithm.EC_P256: ec.SECP256R1(),
    Algorithm.EC_P384: ec.SECP384R1(),
}
_ALGORITHM_OF_CURVE = {parameters: algorithm for algorithm, parameters in CURVES.items()}

_ALGORITHM_CALLED = {algorithm.value: algorithm for algorithm in Algorithm}

_PARAMETERS = [Attribute.KEY_TYPE, Attribute.EC_PARAMS, Attribute.MODULUS, Attribute.VALUE_LEN]
_LAST_WRITTEN = [
    Attribute.CLASS, Attribute.SENSITIVE, Attribute.MODULUS, Attribute.EXTRACTABLE, Attribute.LOCAL,
    Attribute.MODIFIABLE, Attribute.EC_POINT, Attribute.WRAP_WITH_TRUSTED, Attribute.VALUE_LEN,
]  # fmt: skip
_REPORTED = [
    Attribute.PRIVATE, Attribute.SENSITIVE, Attribute.EXTRACTABLE, Attribute.ALWAYS_SENSITIVE,
    Attribute.NEVER_EXTRACTABLE, Attribute.LOCAL, Attribute.WRAP_WITH_TRUSTED, Attribute.MODIFIABLE,
    Attribute.COPYABLE, Attribute.SIGN, Attribute.SIGN_RECOVER, Attribute.VERIFY, Attribute.ENCRYPT,
    Attribute.DECRYPT, Attribute.WRAP, Attribute.UNWRAP, Attribute.DERIVE,
]  # fmt: skip

_USAGE_OF: dict[ObjectClass, dict[Attribute, Usage]] = {
    PRIVATE: {Attribute.SIGN: Usage.SIGN, Attribute.DECRYPT: Usage.DECRYPT},
    PUBLIC: {Attribute.VERIFY: Usage.SIGN, Attribute.ENCRYPT: Usage.DECRYPT},
    SECRET: {Attribute.ENCRYPT: Usage.ENCRYPT, Attribute.DECRYPT: Usage.DECRYPT},
}


def stored_key(key_id: bytes, objects: KeyObjects, backup_key: Any | None) -> StoredKey:
    """What the token, which has this backup key, holds under this id."""
    main, public = objects.main, objects.get(PUBLIC)
    algorithm = algorithm_of(main or public, backup_key)
    complete = is_complete(objects, backup_key)
    return StoredKey(
        key_id=key_id,
        label=objects.label,
        known_algorithm=algorithm,
        usages=_usages(objects),
        public_key=public_key_info(public, algorithm) if algorithm and _is_finished(public) else None,
        kcv=check_value(main) if complete and main is objects.get(SECRET) else None,
        complete=complete,
        attributes={} if main is None else _attributes(main),
    )


def is_complete(objects: KeyObjects, backup_key: Any | None) -> bool:
    """Whether all that belongs to a key is there, as it was to be: see `_is_finished`."""
    if objects.get(SECRET) is not None:
        return _is_finished(objects.get(SECRET), backup_key)
    return _is_finished(objects.get(PRIVATE)) and _is_finished(objects.get(PUBLIC))


def _is_finished(half: Any, backup_key: Any | None = None) -> bool:
    """Whether an object was made to its end.

    SoftHSM2 first writes an object with its template, then again with its value and CKA_LOCAL; attributes
    one by one, in the order of their numbers, with defaults on reading for those a crash cut off. So an
    object is finished if it has the last of its attributes as they are in its template, and its parameters,
    which come with its value. Only of an AES key that is generated the length stands in the template: that is
    finished if it is local, like the node's own keys.
    """
    if half is None:
        return False
    found = half.get_attributes(_LAST_WRITTEN)
    if found.get(Attribute.MODIFIABLE, True) or algorithm_of(half, backup_key) is None:
        return False
    if found.get(Attribute.VALUE_LEN) and not found.get(Attribute.LOCAL):
        return False
    if found[Attribute.CLASS] is PUBLIC:
        return bool(found.get(Attribute.EC_POINT) or found.get(Attribute.MODULUS))
    kept = not found.get(Attribute.EXTRACTABLE, True)
    if kept:
        return bool(found.get(Attribute.SENSITIVE) and found.get(Attribute.LOCAL))
    return bool(found.get(Attribute.SENSITIVE) and found.get(Attribute.WRAP_WITH_TRUSTED))


def algorithm_of(key: Any, backup_key: Any | None = None) -> Algorithm | None:
    """The algorithm of a key object, from its type and its parameters; `None` if it does not have them."""
    found = key.get_attributes(_PARAMETERS)
    kind = found.get(Attribute.KEY_TYPE)
    if kind is KeyType.EC:
        return _ALGORITHM_OF_CURVE.get(found.get(Attribute.EC_PARAMS, b""))
    if kind is KeyType.RSA:
        bits = len(found.get(Attribute.MODULUS, b"").lstrip(bytes(1))) * 8
        return _ALGORITHM_CALLED.get(f"rsa-{bits}")
    length = found.get(Attribute.VALUE_LEN, 0) or _length_if_unwrapped(key, backup_key)
    return _ALGORITHM_CALLED.get(f"aes-{length * 8}")


def _length_if_unwrapped(key: Any, backup_key: Any | None) -> int:
    """SoftHSM2 gives an AES key that it unwrapped no CKA_VALUE_LEN; wrapped again, it shows its length, or
    that it has no value: RFC 5649 adds 8 bytes.
    """
    if backup_key is None:
        return 0
    try:
        return len(backup_key.wrap_key(key, mechanism=WRAP_MECHANISM)) - 8
    except PKCS11Error:
        return 0


def public_key_info(public: Any, algorithm: Algorithm) -> bytes:
    """SubjectPublicKeyInfo in DER (RFC 5280 section 4.1.2.7) of a public key object."""
    key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey
    if algorithm in _CURVE_OF:
        key = ec.EllipticCurvePublicKey.from_encoded_point(_CURVE_OF[algorithm], public_point(public))
    else:
        numbers = public.get_attributes([Attribute.MODULUS, Attribute.PUBLIC_EXPONENT])
        exponent, modulus = numbers[Attribute.PUBLIC_EXPONENT], numbers[Attribute.MODULUS]
        key = rsa.RSAPublicNumbers(int.from_bytes(exponent), int.from_bytes(modulus)).public_key()
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def public_point(public: Any) -> bytes:
    """The uncompressed point in CKA_EC_POINT, which is a DER octet string (PKCS#11 v2.40 section 2.3.3 of
    the mechanisms). Points of the curves here are shorter than 128 bytes, so its header has two bytes.
    """
    encoded: bytes = public[Attribute.EC_POINT]
    if encoded[:1] != b"\x04" or encoded[1] != len(encoded) - 2:
        raise DriverError("the token gave a public point that is not a DER octet string")
    return encoded[2:]


def check_value(secret: Any) -> str | None:
    """CKA_CHECK_VALUE of a secret key in hexadecimal, where the token keeps one (section 4.10.2)."""
    value: bytes = secret.get_attributes([Attribute.CHECK_VALUE]).get(Attribute.CHECK_VALUE, b"")
    return value.hex() or None


def _usages(objects: KeyObjects) -> frozenset[Usage]:
    usages: set[Usage] = set()
    for kind, object_of_kind in objects.by_class.items():
        found = object_of_kind.get_attributes(list(_USAGE_OF[kind]))
        usages |= {usage for attribute, usage in _USAGE_OF[kind].items() if found.get(attribute)}
    return frozenset(usages)


def _attributes(key: Any) -> dict[str, bool]:
    found = key.get_attributes(_REPORTED)
    return {attribute.name.lower(): found[attribute] for attribute in _REPORTED if attribute in found}
