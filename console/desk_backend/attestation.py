"""Whether a token proved its make: by a certificate that leads to a maker whom this console was told of.

Makers are known by the list of token models that the operator loaded (tenants/metadata), each for their own
models alone, and by a folder of PEM files (QUORATE_ATTESTATION_ROOTS), for any model. A maker who vouches for
several models proves one only by a certificate that names it. Without either no
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
    aaguid = credential.aaguid
    names_model = _names_model(chain[0], aaguid)
    own, shared = _makers(aaguid.hex())
    if not own and not shared:
        return False
    try:
        check_chain(chain, (*own, *shared) if names_model else own)
    except NoChain as error:
        message = f"its certificate is of no maker of this model that is known here ({error})"
        if not names_model and shared:
            message += ", or does not name the model where its maker vouches for several"
        raise ValueError(message) from None
    return True


def _makers(aaguid: str) -> tuple[list[bytes], list[bytes]]:
    """The roots that vouch for this model alone, and those that vouch for others, too.

    What stands under the latter proves no model unless its certificate names it (WebAuthn Level 3 section
    8.2.1): so do those in the folder, which are trusted for any.
    """
    of_model = keeping.roots_of(aaguid)
    shared = keeping.roots_of_several()
    return [one for one in of_model if one not in shared], [
        *roots(),
        *(one for one in of_model if one in shared),
    ]


def _names_model(certificate: bytes, aaguid: bytes) -> bool:
    """Whether a certificate says that it is of this model; not, if it names none. Raises ValueError."""
    try:
        extensions = x509.load_der_x509_certificate(certificate).extensions
        extension = extensions.get_extension_for_oid(AAGUID_EXTENSION).value
    except x509.ExtensionNotFound:
        return False
    if not isinstance(extension, x509.UnrecognizedExtension) or extension.value[2:] != aaguid:
        raise ValueError("its certificate is another model's")
    return True
