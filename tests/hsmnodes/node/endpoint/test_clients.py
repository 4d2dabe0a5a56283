"""Unmodified programs use a zone's keys through the kit, from the application's host to the node."""

import hashlib
import shutil
import subprocess
import sys
import zipfile
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key
from cryptography.x509.oid import NameOID

from hsmnodes.node.protocol import canonical
from tests.hsmnodes.node.endpoint.serving import MODULE

MESSAGE = b"one hundred and five, please"
DIGEST = hashlib.sha256(MESSAGE).digest()

PYTHON_CLIENT = """
import os, sys, pkcs11
token = pkcs11.lib(sys.argv[1]).get_token(token_label=os.environ["QUORATE_TOKEN"])
with token.open(user_pin=sys.argv[2]) as session:
    key = session.get_key(label=sys.argv[3], object_class=pkcs11.ObjectClass.PRIVATE_KEY)
    print(key.sign(bytes.fromhex(sys.argv[4]), mechanism=pkcs11.Mechanism.ECDSA).hex())
"""


def public(node, label):
    return load_der_public_key(canonical.b64u_decode(node.keys[label]["public_key"]))


def verify_raw(key, signature: bytes) -> None:
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    key.verify(encode_dss_signature(r, s), DIGEST, ec.ECDSA(Prehashed(SHA256())))


def test_pkcs11_tool_signs(node, webshop, tmp_path):
    (tmp_path / "digest").write_bytes(DIGEST)
    signature = tmp_path / "signature"
    done = webshop.pkcs11_tool(
        *("--sign", "--mechanism", "ECDSA", "--id", node.keys["orders"]["id"]),
        *("--input-file", tmp_path / "digest", "--output-file", signature),
    )
    assert done.returncode == 0, done.stderr
    verify_raw(public(node, "orders"), signature.read_bytes())


def test_python_pkcs11_signs(node, webshop):
    done = webshop.run(sys.executable, "-c", PYTHON_CLIENT, MODULE, webshop.pin, "orders", DIGEST.hex())
    assert done.returncode == 0, done.stderr
    verify_raw(public(node, "orders"), bytes.fromhex(done.stdout))


@pytest.mark.parametrize("label", ["orders", "letters"])
def test_openssl_signs_by_its_engine(node, webshop, tmp_path, label):
    (tmp_path / "message").write_bytes(MESSAGE)
    signature = tmp_path / "signature"
    key = f"pkcs11:token={webshop.token};object={label};type=private?pin-source=file:{webshop.folder}/pin"
    done = subprocess.run(
        [
            *("openssl", "dgst", "-sha256", "-engine", "pkcs11", "-keyform", "engine"),
            *("-sign", key, "-out", signature, tmp_path / "message"),
        ],
        env=webshop.environment | {"OPENSSL_CONF": str(webshop.folder / "openssl.cnf")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    if label == "orders":
        public(node, label).verify(signature.read_bytes(), MESSAGE, ec.ECDSA(SHA256()))
    else:
        public(node, label).verify(signature.read_bytes(), MESSAGE, padding.PKCS1v15(), SHA256())


def certificate_of(key) -> bytes:
    """A certificate (PEM) for a key of the zone, as its owner's authority would issue it."""
    authority = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, one)]) for one in ("webshop", "authority")]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(names[0])
        .issuer_name(names[1])
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=30))
        .sign(authority, SHA256())
    )
    return certificate.public_bytes(Encoding.PEM)


needs_java = pytest.mark.skipif(
    shutil.which("keytool") is None or shutil.which("jarsigner") is None,
    reason="there is no JDK here: install default-jdk-headless to see Java use the token",
)


@needs_java
def test_java_opens_the_token(webshop):
    done = webshop.run(
        *("keytool", "-list", "-keystore", "NONE", "-storetype", "PKCS11", "-storepass", webshop.pin),
        *("-addprovider", "SunPKCS11", "-providerarg", webshop.folder / "java.cfg"),
    )
    assert done.returncode == 0, done.stdout
    for label in ("orders", "letters"):
        assert f"{label}, PrivateKeyEntry" in done.stdout


@needs_java
@pytest.mark.parametrize(("label", "name"), [("orders", "EC"), ("letters", "RSA")])
def test_jarsigner_signs_a_jar(node, webshop, tmp_path, label, name):
    """By the certificate that the key's owner has; that in the token only lets Java see the key."""
    jar, chain = tmp_path / "shop.jar", tmp_path / "chain.pem"
    with zipfile.ZipFile(jar, "w") as packed:
        packed.writestr("price.txt", MESSAGE)
    chain.write_bytes(certificate_of(public(node, label)))
    done = webshop.run(
        *("jarsigner", "-keystore", "NONE", "-storetype", "PKCS11", "-storepass", webshop.pin),
        *("-addprovider", "SunPKCS11", "-providerArg", webshop.folder / "java.cfg"),
        *("-certchain", chain, jar, label),
    )
    assert done.returncode == 0, done.stdout
    checked = webshop.run("jarsigner", "-verify", jar)
    assert "jar verified" in checked.stdout
    assert name in str(zipfile.ZipFile(jar).namelist())


def test_stunnel_connects_as_well(connect):
    host = connect("tills", ("orders", ("sign",)), by="stunnel")
    assert "orders" in host.pkcs11_tool("--list-objects").stdout


def test_the_kit_s_own_test_lists_what_the_application_may_use(webshop):
    listed = webshop.connect("test", webshop.folder)
    assert listed.returncode == 0, listed.stderr
    assert "orders" in listed.stdout
    assert "salaries" not in listed.stdout
