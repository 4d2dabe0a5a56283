"""Whether a token proved its make: by a certificate that leads to a maker whom this console was told of.

Makers are known by the list of token models that the operator loaded (tenants/metadata), each for their own
models alone, and by a folder of PEM files (QUORATE_ATTESTATION_ROOTS), for any model. Without either no
token's make counts as proved; charters say so, and whoever admits it compares its words with its holder.
"""

from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings
from webauthn.helpers import parse_attestation_object
from webauthn.helpers.structs import AttestationFormat

from tenants.metadata import keeping
from tenants.metadata.chains import NoChain, check_chain

# id-fido-gen-ce-aaguid (WebAuthn Level 3 section 8.2.1): an OCTET STRING of the 16 bytes.
AAGUID_EXTENSION = x509.ObjectIdentifier("1.3.6.1.4.1.45724.1.1.4")


@cache
def roots() -> tuple[bytes, ...]:
    """The certificates (DER) in the folder; none if there is no folder."""
    folder = settings.ATTESTATION_ROOTS
    files = sorted(folder.glob("*.pem")) if folder else []
    found = [one for path in files for one in x509.load_pem_x509_certificates(path.read_bytes())]
    return tuple(one.public_bytes(Encoding.DER) for one in found)


def is_proved(attestation_object: bytes) -> bool:
    """Whether a registration whose statement py_webauthn has verified proves the model of the token.

    Raises ValueError if its certificate is another model's, or of nobody who makes this model.
    """
    parsed = parse_attestation_object(attestation_object)
    chain, credential = parsed.att_stmt.x5c, parsed.auth_data.attested_credential_data
    if parsed.fmt != AttestationFormat.PACKED.value or not chain or credential is None:
        return False
    _check_model(chain[0], credential.aaguid)
    makers = (*roots(), *keeping.roots_of(credential.aaguid.hex()))
    if not makers:
        return False
    try:
        check_chain(chain, makers)
    except NoChain as error:
        message = f"its certificate is of no maker of this model that is known here ({error})"
        raise ValueError(message) from None
    return True


def _check_model(certificate: bytes, aaguid: bytes) -> None:
    try:
        extensions = x509.load_der_x509_certificate(certificate).extensions
        extension = extensions.get_extension_for_oid(AAGUID_EXTENSION).value
    except x509.ExtensionNotFound:
        return
    if not isinstance(extension, x509.UnrecognizedExtension) or extension.value[2:] != aaguid:
        raise ValueError("its certificate is another model's")
