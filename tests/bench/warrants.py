"""How fast a warrant with three signatures is verified, against the raw verifications it contains."""

import hashlib
from collections.abc import Iterator
from itertools import cycle

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from hsmnodes.node.agent.memory import keep_what_is_loaded
from hsmnodes.node.operations.registry import operation
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import Assertion, Proposal, Warrant
from hsmnodes.node.protocol.quorum import Signatures, evaluate
from tests.bench.figures import Figure, at_least, rates_side_by_side
from tests.cast.deployment import Deployment

DIFFERENT = 20


def measure() -> Iterator[Figure]:
    deployment = Deployment()
    charter = deployment.meridian.current
    warrants = [deployment.found_zone(deployment.zone()).raw for _ in range(DIFFERENT)]

    def verify(data: bytes) -> None:
        warrant = Warrant.from_bytes(data)
        proposal = Proposal.from_bytes(warrant.proposal_bytes)
        kind = operation(proposal.operation)
        consent = kind.consent_for(kind.read(proposal.parameters))
        verdict = evaluate((charter,), proposal, Signatures.of(warrant), consent=consent, now=deployment.now)
        if not verdict.authorised:
            raise AssertionError(verdict)

    raw = [[_raw(charter, one) for one in _assertions(Warrant.from_bytes(data))] for data in warrants]

    def verify_raw(signatures: list[tuple[ec.EllipticCurvePublicKey, bytes, bytes]]) -> None:
        for key, signature, signed in signatures:
            key.verify(signature, signed, ec.ECDSA(hashes.SHA256()))

    keep_what_is_loaded()  # as a node does that has started
    # Each in its turn, so that nothing remembered of one warrant helps with it again.
    ours, theirs = cycle(warrants), cycle(raw)
    rate, bare = rates_side_by_side(lambda: verify(next(ours)), lambda: verify_raw(next(theirs)))
    yield at_least("warrants of 3 signatures verified, against raw P-256", "1/s", rate, bare, 0.6)


def _assertions(warrant: Warrant) -> list[Assertion]:
    return [warrant.request, *(approval.assertion for approval in warrant.approvals)]


def _raw(charter, assertion: Assertion) -> tuple[ec.EllipticCurvePublicKey, bytes, bytes]:
    _, token = charter.by_credential[assertion.credential_id]
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), token.key_bytes)
    client_data = canonical.b64u_decode(assertion.client_data)
    signed = canonical.b64u_decode(assertion.authenticator_data) + hashlib.sha256(client_data).digest()
    return key, canonical.b64u_decode(assertion.signature), signed
