"""Reading keys back from the token: `StoredKey`s and public keys."""

from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pkcs11 import Attribute, KeyType

from hsmnodes.node.drivers.errors import DriverError
from hsmnodes.node.drivers.pkcs11.objects import PRIVATE, PUBLIC, KeyObjects
from hsmnodes.node.drivers.pkcs11.templates import CURVES
from hsmnodes.node.drivers.values import Algorithm, StoredKey, Usage

_CURVE_OF: dict[Algorithm, ec.EllipticCurve] = {
    Algorithm.EC_P256: ec.SECP256R1(),
    Algorithm.EC_P384: ec.SECP384R1(),
}
_ALGORITHM_OF_CURVE = {parameters: algorithm for algorithm, parameters in CURVES.items()}

_REPORTED = [
    Attribute.PRIVATE, Attribute.SENSITIVE, Attribute.EXTRACTABLE, Attribute.ALWAYS_SENSITIVE,
    Attribute.NEVER_EXTRACTABLE, Attribute.LOCAL, Attribute.WRAP_WITH_TRUSTED, Attribute.MODIFIABLE,
    Attribute.COPYABLE, Attribute.SIGN, Attribute.SIGN_RECOVER, Attribute.VERIFY, Attribute.ENCRYPT,
    Attribute.DECRYPT, Attribute.WRAP, Attribute.UNWRAP, Attribute.DERIVE,
]  # fmt: skip

_USAGE_OF_PRIVATE = {Attribute.SIGN: Usage.SIGN, Attribute.DECRYPT: Usage.DECRYPT}
_USAGE_OF_PUBLIC = {Attribute.VERIFY: Usage.SIGN, Attribute.ENCRYPT: Usage.DECRYPT}
_USAGE_OF_SECRET = {Attribute.ENCRYPT: Usage.ENCRYPT, Attribute.DECRYPT: Usage.DECRYPT}


def stored_key(key_id: bytes, objects: KeyObjects) -> StoredKey:
    """What the token holds under this id."""
    main = objects.main
    half = main or objects.get(PUBLIC)
    public = objects.get(PUBLIC)
    algorithm = algorithm_of(half)
    return StoredKey(
        key_id=key_id,
        label=objects.label,
        algorithm=algorithm,
        usages=_usages(half, objects),
        public_key=None if public is None else public_key_info(public, algorithm),
        kcv=None if algorithm.is_pair else check_value(main),
        complete=objects.complete,
        attributes={} if main is None else _attributes(main),
    )


def algorithm_of(key: Any) -> Algorithm:
    """The algorithm of a key object, from its type and its parameters."""
    kind = key[Attribute.KEY_TYPE]
    if kind is KeyType.RSA:
        return Algorithm(f"rsa-{len(key[Attribute.MODULUS].lstrip(bytes(1))) * 8}")
    if kind is KeyType.EC:
        return _ALGORITHM_OF_CURVE[key[Attribute.EC_PARAMS]]
    return Algorithm(f"aes-{key[Attribute.VALUE_LEN] * 8}")


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


def _usages(half: Any, objects: KeyObjects) -> frozenset[Usage]:
    if objects.get(PRIVATE) is not None:
        usages = _USAGE_OF_PRIVATE
    else:
        usages = _USAGE_OF_SECRET if objects.complete else _USAGE_OF_PUBLIC
    attributes = half.get_attributes(list(usages))
    return frozenset(usage for attribute, usage in usages.items() if attributes.get(attribute))


def _attributes(key: Any) -> dict[str, bool]:
    found = key.get_attributes(_REPORTED)
    return {attribute.name.lower(): found[attribute] for attribute in _REPORTED if attribute in found}
