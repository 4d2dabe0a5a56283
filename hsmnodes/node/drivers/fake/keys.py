"""The keys of a fake token: real cryptography by `cryptography`, with no protection of the keys."""

import secrets
from typing import Self

from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.keywrap import aes_key_wrap_with_padding
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)
from pydantic import BaseModel, ConfigDict

from hsmnodes.node.drivers.errors import BlobBroken, InvalidRequest, MechanismUnavailable, ObjectNotFound
from hsmnodes.node.drivers.values import Algorithm, KeySpec, SignMechanism, StoredKey, Usage, WrappedKey

CURVES: dict[Algorithm, ec.EllipticCurve] = {
    Algorithm.EC_P256: ec.SECP256R1(),
    Algorithm.EC_P384: ec.SECP384R1(),
}
RSA_PADDINGS = {
    SignMechanism.RSA_PKCS1_SHA256: padding.PKCS1v15(),
    SignMechanism.RSA_PSS_SHA256: padding.PSS(padding.MGF1(SHA256()), 32),
}
USAGES_ON_A_TOKEN = ("sign", "verify", "encrypt", "decrypt", "wrap", "unwrap", "derive")


class FakeKey(BaseModel):
    """A key by its halves: PKCS#8 and SubjectPublicKeyInfo in DER, or an AES key. `None` is half lost."""

    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    spec: KeySpec
    main: bytes | None
    public: bytes | None
    local: bool = True
    copied: bool = False

    @classmethod
    def generate(cls, spec: KeySpec) -> Self:
        """A new key."""
        if not spec.algorithm.is_pair:
            return cls(spec=spec, main=secrets.token_bytes(_bits(spec.algorithm) // 8), public=None)
        key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
        if spec.algorithm in CURVES:
            key = ec.generate_private_key(CURVES[spec.algorithm])
        else:
            key = rsa.generate_private_key(65_537, _bits(spec.algorithm))
        public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return cls(spec=spec, main=pkcs8(key), public=public)

    @classmethod
    def unwrapped(cls, key: WrappedKey, main: bytes, *, copied: bool = False) -> Self:
        """The key whose private half or secret is `main`. Raises `BlobBroken` if it is not that key."""
        broken = BlobBroken(f"what opens is not key {key.spec.key_id.hex()}, as it is described")
        if not key.spec.algorithm.is_pair:
            if len(main) * 8 != _bits(key.spec.algorithm) or key.kcv not in {None, check_value(main)}:
                raise broken
            return cls(spec=key.spec, main=main, public=None, local=False, copied=copied)
        try:
            public = load_der_private_key(main, None).public_key()
        except ValueError:
            raise broken from None
        described = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        if described != key.public_key or not _is_of(public, key.spec.algorithm):
            raise broken
        return cls(spec=key.spec, main=main, public=described, local=False, copied=copied)

    def stored(self) -> StoredKey:
        """What a driver tells of it."""
        secret = None if self.spec.algorithm.is_pair else self.main
        whole = self.main is not None and (self.public is not None or not self.spec.algorithm.is_pair)
        return StoredKey(
            key_id=self.spec.key_id,
            label=self.spec.label,
            known_algorithm=self.spec.algorithm,
            usages=self.spec.usages,
            public_key=self.public,
            kcv=None if secret is None or not self.local else check_value(secret),
            complete=whole,
            attributes={} if self.main is None else self._attributes(),
        )

    def wrapped(self, wrapper: bytes) -> WrappedKey:
        """This key, wrapped under an AES key. Raises `ObjectNotFound` if it may not be, or is not whole."""
        if self.main is None or self.copied:
            raise ObjectNotFound(f"key {self.spec.key_id.hex()} has no half that could be wrapped")
        return self.stored().wrapped(aes_key_wrap_with_padding(wrapper, self.main))

    def sign(self, data: bytes, mechanism: SignMechanism) -> bytes:
        """Sign as `Driver.sign` does."""
        if self.main is None or Usage.SIGN not in self.spec.usages:
            raise MechanismUnavailable(f"key {self.spec.key_id.hex()} does not sign")
        key = load_der_private_key(self.main, None)
        if isinstance(key, ec.EllipticCurvePrivateKey) and mechanism is SignMechanism.ECDSA:
            return sign_digest(key, data)
        if isinstance(key, rsa.RSAPrivateKey) and mechanism in RSA_PADDINGS:
            return key.sign(data, RSA_PADDINGS[mechanism], SHA256())
        raise MechanismUnavailable(f"{self.spec.algorithm} keys do not sign by {mechanism}")

    def _attributes(self) -> dict[str, bool]:
        """What a PKCS#11 token would report of a key that was generated, unwrapped, or copied there."""
        protection = {"sensitive", "wrap_with_trusted", "private", *self.spec.usages}
        if not self.copied:
            protection.add("extractable")
        absent = ("modifiable", "copyable", "never_extractable", "extractable", *USAGES_ON_A_TOKEN)
        origin = {"local": self.local, "always_sensitive": self.local}
        return dict.fromkeys(absent, False) | dict.fromkeys(protection, True) | origin


def pkcs8(key: PrivateKeyTypes) -> bytes:
    """A private key in PKCS#8 (RFC 5208), in clear."""
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def sign_digest(key: ec.EllipticCurvePrivateKey, digest: bytes) -> bytes:
    """ECDSA over a digest; r||s, each as long as the curve's order."""
    digests = {32: SHA256(), 48: SHA384()}
    if len(digest) not in digests:
        raise InvalidRequest("the fake driver signs SHA-256 and SHA-384 digests")
    r, s = decode_dss_signature(key.sign(digest, ec.ECDSA(Prehashed(digests[len(digest)]))))
    length = (key.curve.key_size + 7) // 8
    return r.to_bytes(length) + s.to_bytes(length)


def check_value(key: bytes) -> str:
    """The KCV of an AES key, in hexadecimal."""
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305 -- what a KCV is
    return encryptor.update(bytes(16))[:3].hex()


def _bits(algorithm: Algorithm) -> int:
    return int(algorithm.value.split("-")[1])


def _is_of(public: PublicKeyTypes, algorithm: Algorithm) -> bool:
    """Whether a public key is of an algorithm."""
    if isinstance(public, ec.EllipticCurvePublicKey):
        return algorithm in CURVES and public.curve.name == CURVES[algorithm].name
    return (
        isinstance(public, rsa.RSAPublicKey)
        and algorithm.family == "rsa"
        and public.key_size == _bits(algorithm)
    )
