"""A certificate beside a private key in the token of an application: some programs see no key without one.

Java's KeyStore lists a private key only where the token has a certificate for it. What stands here says which
public key it is and nothing else: it is signed by a key that is drawn for it and forgotten, and no program
trusts it. A certificate that says more comes from the key's owner.
"""

from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key
from cryptography.x509.oid import NameOID
from pkcs11 import Attribute, CertificateType, ObjectClass

from hsmnodes.node.drivers.errors import BlobBroken
from hsmnodes.node.drivers.pkcs11.token import OpenToken
from hsmnodes.node.drivers.values import WrappedKey

VALID = datetime(2020, 1, 1, tzinfo=UTC), datetime(2099, 12, 31, tzinfo=UTC)
NOBODY = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "nobody vouches for this")])
MOST_LETTERS = 64  # of a common name (RFC 5280, ub-common-name)


def put_beside(token: OpenToken, key: WrappedKey) -> None:
    """Put a certificate beside the private half of a pair, with the same id and label."""
    if key.public_key is None:
        return
    certificate = _certificate(key.spec.label, key.public_key)
    token.session.create_object(
        {
            Attribute.CLASS: ObjectClass.CERTIFICATE,
            Attribute.CERTIFICATE_TYPE: CertificateType.X_509,
            Attribute.TOKEN: True,
            Attribute.PRIVATE: False,
            Attribute.MODIFIABLE: False,
            Attribute.ID: key.spec.key_id,
            Attribute.LABEL: key.spec.label,
            Attribute.SUBJECT: certificate.subject.public_bytes(),
            Attribute.ISSUER: certificate.issuer.public_bytes(),
            Attribute.SERIAL_NUMBER: _der_integer(certificate.serial_number),
            Attribute.VALUE: certificate.public_bytes(Encoding.DER),
        }
    )


def _certificate(label: str, public_key: bytes) -> x509.Certificate:
    public = load_der_public_key(public_key)
    if not isinstance(public, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        raise BlobBroken("a certificate stands beside RSA and EC keys only")
    builder = x509.CertificateBuilder().issuer_name(NOBODY).public_key(public)
    builder = builder.subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, label[:MOST_LETTERS])]))
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(VALID[0]).not_valid_after(VALID[1])
    return builder.sign(ec.generate_private_key(ec.SECP256R1()), SHA256())


def _der_integer(number: int) -> bytes:
    content = number.to_bytes(number.bit_length() // 8 + 1)
    return b"\x02" + bytes([len(content)]) + content
