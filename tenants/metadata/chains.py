"""Whether a certificate leads to one of some others, as OpenSSL checks it: dates, issuers, signatures."""

from collections.abc import Sequence

from cryptography import x509
from OpenSSL.crypto import X509, Error, X509Store, X509StoreContext, X509StoreContextError, X509StoreFlags


class NoChain(Exception):
    """A certificate does not lead to any of those that are trusted; says why."""


def check_chain(chain: Sequence[bytes], roots: Sequence[bytes]) -> None:
    """Check that the first of `chain` leads over the others to one of `roots`; all are DER.

    What stands among the roots is trusted as it is: an authority, or the certificate itself (FIDO Metadata
    Statement, attestationRootCertificates). Only an authority's certificate can vouch for another.

    Raises NoChain.
    """
    try:
        leaf, *between = [_read(one) for one in chain]
        store = X509Store()
        store.set_flags(X509StoreFlags.PARTIAL_CHAIN)
        for root in roots:
            store.add_cert(_read(root))
        X509StoreContext(store, leaf, chain=between).verify_certificate()
    except X509StoreContextError as error:
        raise NoChain(str(error)) from None
    except (ValueError, Error):
        raise NoChain("a certificate cannot be read") from None


def _read(der: bytes) -> X509:
    return X509.from_cryptography(x509.load_der_x509_certificate(der))
