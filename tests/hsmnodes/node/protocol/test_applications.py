"""An application is admitted by a certificate that is its own, and that can vouch for no other."""

import datetime as dt

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.serialization import Encoding

from hsmnodes.node.endpoint.connect.own import make_certificate
from hsmnodes.node.protocol.applications import read_certificate
from hsmnodes.node.protocol.canonical import b64u_decode
from hsmnodes.node.protocol.errors import DocumentRefused
from tests.cast.applications import Application
from tests.hsmnodes.node.protocol.making import NOW

KEY, OTHER = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
NAME = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "webshop")])
DAY = 86_400


def usage(**allowed: bool) -> x509.KeyUsage:
    names = (
        *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
        *("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
    )
    return x509.KeyUsage(**(dict.fromkeys(names, False) | {"digital_signature": True} | allowed))


def certificate(
    key=KEY,
    *,
    signed_by=None,
    with_hash=None,
    days=30,
    issuer=NAME,
    ca=False,
    key_usage=None,
    constraints=True,
) -> bytes:
    at = dt.datetime.fromtimestamp(NOW, dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(NAME)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(at)
        .not_valid_after(at + dt.timedelta(days=days))
        .add_extension(key_usage or usage(), critical=True)
    )
    if constraints:
        builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    return builder.sign(signed_by or key, with_hash or SHA256()).public_bytes(Encoding.DER)


def test_what_the_tool_makes_is_taken():
    made = make_certificate(KEY, "webshop", NOW, NOW + 397 * DAY).public_bytes(Encoding.DER)
    read = read_certificate(made)
    assert (read.not_before, read.not_after, read.der) == (NOW, NOW + 397 * DAY, made)


def test_its_hashes_are_those_that_the_tool_tells():
    application = Application.make()
    read = read_certificate(b64u_decode(application.request["certificate"]))
    assert read.public_key == application.request["public_key"]


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(lambda: certificate(signed_by=OTHER), id="signed by another key"),
        pytest.param(
            lambda: certificate(
                issuer=x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "an authority")]),
                signed_by=OTHER,
            ),
            id="issued by an authority",
        ),
        pytest.param(lambda: certificate(ca=True), id="may issue others"),
        pytest.param(lambda: certificate(key_usage=usage(key_cert_sign=True)), id="may sign certificates"),
        pytest.param(lambda: certificate(key_usage=usage(crl_sign=True)), id="may sign lists"),
        pytest.param(lambda: certificate(key_usage=usage(digital_signature=False)), id="may sign nothing"),
        pytest.param(lambda: certificate(constraints=False), id="does not say whether it may issue others"),
        pytest.param(lambda: certificate(days=401), id="valid for too long"),
        pytest.param(lambda: certificate(ec.generate_private_key(ec.SECP384R1())), id="of another curve"),
        pytest.param(lambda: certificate(rsa.generate_private_key(65_537, 2048)), id="of RSA"),
        pytest.param(lambda: certificate(with_hash=SHA384()), id="signed with another hash"),
        pytest.param(lambda: certificate() + b"\x00", id="with something after it"),
        pytest.param(lambda: certificate()[:-1], id="cut off"),
        pytest.param(lambda: bytes(200), id="no certificate"),
        pytest.param(lambda: b"", id="nothing"),
        pytest.param(lambda: bytes(2_001), id="too long"),
    ],
)
def test_another_certificate_is_refused(wrong):
    with pytest.raises(DocumentRefused) as refused:
        read_certificate(wrong())
    assert refused.value.code == "bad-certificate"


def test_a_certificate_of_which_any_byte_was_altered_is_not_taken_for_the_same():
    good = certificate()
    known = read_certificate(good)
    for place in range(len(good)):
        altered = bytearray(good)
        altered[place] ^= 1
        try:
            read = read_certificate(bytes(altered))
        except DocumentRefused:
            continue
        assert read.sha256 != known.sha256
