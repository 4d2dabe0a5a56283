"""Whether a token proved its make: by a certificate that leads to one of the roots this console was given.

Without roots (QUORATE_ATTESTATION_ROOTS, a folder of PEM files) no token's make counts as proved; charters
say so, and whoever admits the token compares its words with its holder.
"""

from functools import cache

from cryptography import x509
from django.conf import settings
from webauthn.helpers import parse_attestation_object
from webauthn.helpers.structs import AttestationFormat

# id-fido-gen-ce-aaguid (WebAuthn Level 3 section 8.2.1): an OCTET STRING of the 16 bytes.
AAGUID_EXTENSION = x509.ObjectIdentifier("1.3.6.1.4.1.45724.1.1.4")


@cache
def roots() -> dict[AttestationFormat, list[bytes]]:
    """The roots that packed attestations have to lead to; empty if none were given."""
    folder = settings.ATTESTATION_ROOTS
    found = [path.read_bytes() for path in sorted(folder.glob("*.pem"))] if folder else []
    return {AttestationFormat.PACKED: found} if found else {}


def is_proved(attestation_object: bytes) -> bool:
    """Whether a registration that py_webauthn accepted with `roots` proves the model of the token.

    Raises ValueError if the certificate is another model's than the token claims.
    """
    parsed = parse_attestation_object(attestation_object)
    chain = parsed.att_stmt.x5c
    if not roots() or parsed.fmt is not AttestationFormat.PACKED or not chain:
        return False
    certificate = x509.load_der_x509_certificate(chain[0])
    credential = parsed.auth_data.attested_credential_data
    try:
        extension = certificate.extensions.get_extension_for_oid(AAGUID_EXTENSION).value
    except x509.ExtensionNotFound:
        return True
    if not isinstance(extension, x509.UnrecognizedExtension) or credential is None:
        raise ValueError("its certificate cannot be read")
    if extension.value[2:] != credential.aaguid:
        raise ValueError("its certificate is another model's")
    return True
