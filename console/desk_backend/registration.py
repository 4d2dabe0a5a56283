"""Reading a new credential: what the browser returned from `navigator.credentials.create`.

py_webauthn parses and checks it (WebAuthn Level 3 section 7.1); what it leaves open is closed here, as the
protocol's own check of assertions does.
"""

import json
from typing import Any

from webauthn import verify_registration_response
from webauthn.helpers import decode_credential_public_key
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.decode_credential_public_key import DecodedEC2PublicKey, DecodedOKPPublicKey
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import AttestationFormat, CredentialDeviceType

from console.desk_backend import attestation
from console.desk_backend.shapes import Registration
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import Enrolment, Token
from hsmnodes.node.protocol.documents.charter import EDDSA, ES256, SIMULATOR_PREFIX
from hsmnodes.node.protocol.purposes import Purpose, challenge
from tenants.errors import SignatureNotAccepted

ALGORITHMS = [COSEAlgorithmIdentifier.ECDSA_SHA_256, COSEAlgorithmIdentifier.EDDSA]


def read_registration(given: Registration, *, enrolment: Enrolment) -> Token:
    """The token that was created for `enrolment` at its desk.

    Raises SignatureNotAccepted.
    """
    _check_client_data(canonical.b64u_decode(given.client_data))
    credential = {
        "id": given.credential_id,
        "rawId": given.credential_id,
        "type": "public-key",
        "response": {"clientDataJSON": given.client_data, "attestationObject": given.attestation_object},
    }
    try:
        verified = verify_registration_response(
            credential=credential,
            expected_challenge=challenge(Purpose.ENROL, enrolment.raw),
            expected_rp_id=enrolment.desk.rp_id,
            expected_origin=enrolment.desk.origin,
            require_user_verification=True,
            supported_pub_key_algs=ALGORITHMS,
        )
        algorithm, key = _public_key(verified.credential_public_key)
        trusted = attestation.is_proved(verified.attestation_object)
    except (WebAuthnException, ValueError) as error:
        raise _refused(f"The new token cannot be accepted: {error}") from None
    credential_id = canonical.b64u(verified.credential_id)
    if credential_id != given.credential_id:
        raise _refused("The new token gave two credential ids.")
    return Token.model_validate(
        {
            "credential_id": credential_id,
            "algorithm": algorithm,
            "public_key": canonical.b64u(key),
            "label": enrolment.label,
            "aaguid": verified.aaguid.replace("-", ""),
            "attestation": {"format": AttestationFormat(verified.fmt).value, "trusted": trusted},
            "backup_eligible": verified.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
            "simulated": verified.credential_id.startswith(SIMULATOR_PREFIX),
        }
    )


def _check_client_data(data: bytes) -> None:
    """No member twice, and not made in a page embedded in another: py_webauthn does not look at these."""
    try:
        client = json.loads(data.decode("utf-8"), object_pairs_hook=_without_duplicates)
    except (ValueError, RecursionError):
        raise _refused("The client data of the new token cannot be read.") from None
    if not isinstance(client, dict) or client.get("crossOrigin", False) is not False or "topOrigin" in client:
        raise _refused("The token was created in a page embedded in another.")


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member stands twice")
    return members


def _public_key(cose: bytes) -> tuple[int, bytes]:
    """The algorithm and the key in the one encoding that charters hold."""
    key = decode_credential_public_key(cose)
    if isinstance(key, DecodedEC2PublicKey) and key.crv == 1:
        return ES256, b"\x04" + key.x + key.y
    if isinstance(key, DecodedOKPPublicKey) and key.crv == 6:
        return EDDSA, key.x
    raise ValueError("its key is neither P-256 nor Ed25519")


def _refused(message: str) -> SignatureNotAccepted:
    return SignatureNotAccepted("bad-registration", message)
