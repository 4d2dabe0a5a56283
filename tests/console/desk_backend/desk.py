"""A desk without a browser: it fetches, signs with a software token, answers, and returns."""

import hashlib
import json
from typing import Any

import cbor2
from django.test import Client

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import (
    CancellationStatement,
    Proposal,
    RejectionStatement,
    ShareKeyRequest,
)
from hsmnodes.node.protocol.documents.signatures import Signer
from hsmnodes.node.protocol.purposes import Purpose, challenge
from tests.cast.makers import Attest, attested
from tests.cast.tokens import SoftwareToken

ORIGIN = "http://localhost:8001"


def ticket_of(response: Any) -> str:
    """The ticket in the address that the console sends the browser to."""
    assert response.status_code == 303, response.content
    address, _, ticket = response["Location"].partition("#")
    assert address == f"{ORIGIN}/"
    return ticket


def post(client: Client, path: str, content: Any, *, origin: str | None = ORIGIN, **headers: str) -> Any:
    """A request of the desk: without the browser's cookies."""
    fresh = Client(enforce_csrf_checks=True)
    body = content if isinstance(content, str | bytes) else json.dumps(content)
    given = {"Origin": origin} if origin else {}
    return fresh.post(f"/desk/{path}", body, content_type="application/json", headers=given | headers)


def fetch(client: Client, ticket: str) -> dict[str, Any]:
    """What is to be signed."""
    response = post(client, "ticket", {"ticket": ticket})
    assert response.status_code == 200, response.content
    return response.json()


def answer_for(asked: dict[str, Any], ticket: str, token: SoftwareToken, **client: Any) -> dict[str, Any]:
    """The desk's answer, signed by `token`."""
    purpose, document = Purpose(asked["purpose"]), canonical.b64u_decode(asked["document"])
    if purpose is Purpose.ENROL:
        return {"ticket": ticket, "registration": registration(token, document, **client)}
    if purpose is Purpose.SHARE_KEY:
        return {"ticket": ticket} | share_key(token, ShareKeyRequest.from_bytes(document))
    more = {}
    if purpose in (Purpose.REJECT, Purpose.CANCEL):
        document = _statement(purpose, Proposal.from_bytes(document), asked["person"])
        more = {"statement": canonical.b64u(document)}
    return {"ticket": ticket, "assertion": token.sign(purpose, document, **client).model_dump()} | more


def share_key(token: SoftwareToken, request: ShareKeyRequest, **changes: Any) -> dict[str, Any]:
    """A share key of the token, as the desk makes it for a request."""
    stated = {"deployment": request.deployment, "demo": request.demo}
    person = changes.pop("person", request.person)
    return token.share_key(person, **(stated | changes)).model_dump(mode="json")


def go(client: Client, path: str, token: SoftwareToken, data: dict[str, str] | None = None) -> Any:
    """The whole errand: begin, fetch, sign, answer, return. The last answer of the console."""
    ticket = ticket_of(client.post(path, data or {}))
    answered = post(client, "answer", answer_for(fetch(client, ticket), ticket, token))
    assert answered.status_code == 200, answered.content
    return client.get("/desk/return", {"code": answered.json()["code"]})


def registration(
    token: SoftwareToken,
    document: bytes,
    *,
    flags: int = 0x45,
    aaguid: str = "0" * 32,
    attest: Attest | None = None,
    **client: Any,
) -> dict[str, Any]:
    """What the browser gives for a new credential (WebAuthn Level 3 section 5.8.1), attested or not."""
    client_data = {
        "type": "webauthn.create",
        "challenge": canonical.b64u(challenge(Purpose.ENROL, document)),
        "origin": ORIGIN,
        "crossOrigin": False,
    } | client
    credential_id = canonical.b64u_decode(token.credential_id)
    key = canonical.b64u_decode(token.public_key)
    cose = {1: 2, 3: -7, -1: 1, -2: key[1:33], -3: key[33:]}
    if token.algorithm == -8:
        cose = {1: 1, 3: -8, -1: 6, -2: key}
    data = hashlib.sha256(b"localhost").digest() + bytes([flags]) + bytes(4)
    data += bytes.fromhex(aaguid) + len(credential_id).to_bytes(2, "big") + credential_id + cbor2.dumps(cose)
    encoded = json.dumps(client_data, separators=(",", ":")).encode()
    return {
        "credential_id": token.credential_id,
        "client_data": canonical.b64u(encoded),
        "attestation_object": canonical.b64u(attested(data, encoded, attest)),
        "transports": ["usb"],
    }


def _statement(purpose: Purpose, proposal: Proposal, person: dict[str, str]) -> bytes:
    kind = RejectionStatement if purpose is Purpose.REJECT else CancellationStatement
    return kind(
        deployment=proposal.deployment,
        proposal=proposal.proposal,
        proposal_hash=proposal.sha256,
        person=Signer(**person),
        reason="It is not what we agreed.",
        at=proposal.not_before,
    ).raw
