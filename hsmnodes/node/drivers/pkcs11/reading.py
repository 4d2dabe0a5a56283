"""Reading keys back from the token: `StoredKey`s and public keys."""

from dataclasses import dataclass
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
    Attribute.SENSITIVE, Attribute.EXTRACTABLE, Attribute.LOCAL, Attribute.MODIFIABLE, Attribute.EC_POINT,
    Attribute.WRAP_WITH_TRUSTED,
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

# All that is read of an object, in one call.
_READ: dict[ObjectClass, list[Attribute]] = {
    PRIVATE: [*{*_PARAMETERS, *_LAST_WRITTEN, *_REPORTED}],
    PUBLIC: [*{*_PARAMETERS, *_LAST_WRITTEN, *_USAGE_OF[PUBLIC], Attribute.PUBLIC_EXPONENT}],
    SECRET: [*{*_PARAMETERS, *_LAST_WRITTEN, *_REPORTED, Attribute.CHECK_VALUE}],
}


@dataclass(frozen=True)
class Half:
    """One object of a key as it was read: its class, its attributes, and the algorithm that they show."""

    kind: ObjectClass
    found: dict[Attribute, Any]
    algorithm: Algorithm | None

    @property
    def is_finished(self) -> bool:
        """Whether the object was made to its end.

        SoftHSM2 first writes an object with its template, then again with its value and CKA_LOCAL; attributes
        one by one, in the order of their numbers, with defaults on reading for those a crash cut off. So an
        object is finished if it has the last of its attributes as they are in its template, and its
        parameters, which come with its value. Only of an AES key that is generated the length stands in the
        template: that is finished if it is local, like the node's own keys.
        """
        found = self.found
        if found.get(Attribute.MODIFIABLE, True) or self.algorithm is None:
            return False
        if found.get(Attribute.VALUE_LEN) and not found.get(Attribute.LOCAL):
            return False
        if self.kind is PUBLIC:
            return bool(found.get(Attribute.EC_POINT) or found.get(Attribute.MODULUS))
        kept = not found.get(Attribute.EXTRACTABLE, True)
        if kept:
            whole = found.get(Attribute.LOCAL) or found.get(Attribute.WRAP_WITH_TRUSTED)  # the last of a copy
            return bool(found.get(Attribute.SENSITIVE) and whole)
        return bool(found.get(Attribute.SENSITIVE) and found.get(Attribute.WRAP_WITH_TRUSTED))

    @property
    def usages(self) -> set[Usage]:
        """What it may be used for."""
        return {usage for attribute, usage in _USAGE_OF[self.kind].items() if self.found.get(attribute)}


Halves = dict[ObjectClass, Half]


def stored_key(key_id: bytes, objects: KeyObjects, backup_key: Any | None) -> StoredKey:
    """What the token, which has this backup key, holds under this id."""
    halves = _read(objects, backup_key)
    secret, public = halves.get(SECRET), halves.get(PUBLIC)
    main = halves.get(PRIVATE) or secret
    algorithm = next((half.algorithm for half in (main, public) if half is not None), None)
    complete = _are_complete(halves)
    return StoredKey(
        key_id=key_id,
        label=objects.label,
        known_algorithm=algorithm,
        usages=frozenset().union(*(half.usages for half in halves.values())),
        public_key=None if public is None else _public_key_info(public),
        kcv=_check_value(secret.found) if complete and secret is not None else None,
        complete=complete,
        attributes={} if main is None else _reported(main.found),
    )


def is_complete(objects: KeyObjects, backup_key: Any | None) -> bool:
    """Whether all that belongs to a key is there, as it was to be: see `Half.is_finished`."""
    return _are_complete(_read(objects, backup_key))


def _read(objects: KeyObjects, backup_key: Any | None) -> Halves:
    halves: Halves = {}
    for kind, key in objects.by_class.items():
        found = key.get_attributes(_READ[kind])
        algorithm = _algorithm(found)
        if kind is SECRET and not found.get(Attribute.VALUE_LEN) and backup_key is not None:
            algorithm = _algorithm_if_unwrapped(key, backup_key)
        halves[kind] = Half(kind, found, algorithm)
    return halves


def _are_complete(halves: Halves) -> bool:
    if SECRET in halves:
        return halves[SECRET].is_finished
    return all(kind in halves and halves[kind].is_finished for kind in (PRIVATE, PUBLIC))


def _algorithm(found: dict[Attribute, Any]) -> Algorithm | None:
    kind = found.get(Attribute.KEY_TYPE)
    if kind is KeyType.EC:
        return _ALGORITHM_OF_CURVE.get(found.get(Attribute.EC_PARAMS, b""))
    if kind is KeyType.RSA:
        bits = len(found.get(Attribute.MODULUS, b"").lstrip(bytes(1))) * 8
        return _ALGORITHM_CALLED.get(f"rsa-{bits}")
    return _ALGORITHM_CALLED.get(f"aes-{found.get(Attribute.VALUE_LEN, 0) * 8}")


def _algorithm_if_unwrapped(key: Any, backup_key: Any) -> Algorithm | None:
    """SoftHSM2 gives an AES key that it unwrapped no CKA_VALUE_LEN; wrapped again, it shows its length, or
    that it has no value: RFC 5649 adds 8 bytes.
    """
    try:
        length = len(backup_key.wrap_key(key, mechanism=WRAP_MECHANISM)) - 8
    except PKCS11Error:
        return None
    return _ALGORITHM_CALLED.get(f"aes-{length * 8}")


def _public_key_info(public: Half) -> bytes | None:
    """SubjectPublicKeyInfo in DER (RFC 5280 section 4.1.2.7) of a public half, if that is finished."""
    if public.algorithm is None or not public.is_finished:
        return None
    found = public.found
    key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey
    if public.algorithm in _CURVE_OF:
        curve = _CURVE_OF[public.algorithm]
        key = ec.EllipticCurvePublicKey.from_encoded_point(curve, _point(found[Attribute.EC_POINT]))
    else:
        exponent, modulus = found[Attribute.PUBLIC_EXPONENT], found[Attribute.MODULUS]
        key = rsa.RSAPublicNumbers(int.from_bytes(exponent), int.from_bytes(modulus)).public_key()
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def public_point(public: Any) -> bytes:
    """The uncompressed point of a public key object on a curve."""
    return _point(public[Attribute.EC_POINT])


def _point(encoded: bytes) -> bytes:
    """The point in CKA_EC_POINT, which is a DER octet string (PKCS#11 v2.40 section 2.3.3 of the mechanisms).
    Points of the curves here are shorter than 128 bytes, so its header has two bytes.
    """
    if encoded[:1] != b"\x04" or encoded[1] != len(encoded) - 2:
        raise DriverError("the token gave a public point that is not a DER octet string")
    return encoded[2:]


def check_value(secret: Any) -> str | None:
    """CKA_CHECK_VALUE of a secret key object in hexadecimal, where the token keeps one (section 4.10.2)."""
    return _check_value(secret.get_attributes([Attribute.CHECK_VALUE]))


def _check_value(found: dict[Attribute, Any]) -> str | None:
    value: bytes = found.get(Attribute.CHECK_VALUE, b"")
    return value.hex() or None


def _reported(found: dict[Attribute, Any]) -> dict[str, bool]:
    return {attribute.name.lower(): found[attribute] for attribute in _REPORTED if attribute in found}
