"""The exact bytes behind a proposal, and all of it in one archive that is checked without Quorate."""

import io
import zipfile
from collections.abc import Iterator

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views.decorators.http import require_GET

from console.pages.proposals import find
from console.sessions import person_required
from hsmnodes.models import Node, Receipt
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import NodeSigned
from hsmnodes.node.protocol.purposes import pae
from tenants import charters
from tenants.errors import NotVisible
from tenants.models import Proposal

LONG_AGO = (1980, 1, 1, 0, 0, 0)


def download(data: bytes, name: str, kind: str = "application/json") -> HttpResponse:
    """Bytes as a file to keep; never shown as a page."""
    return HttpResponse(
        data, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


@require_GET
@person_required
def document(request: HttpRequest, key: str) -> HttpResponse:
    """The exact bytes that are signed."""
    proposal = find(request, key)
    return download(bytes(proposal.raw), f"proposal-{proposal.pk}.json")


@require_GET
@person_required
def warrant(request: HttpRequest, key: str) -> HttpResponse:
    """The warrant as it was sent."""
    proposal = find(request, key)
    if not proposal.warrant:
        raise NotVisible
    return download(bytes(proposal.warrant), f"warrant-{proposal.pk}.json")


@require_GET
@person_required
def archive(request: HttpRequest, key: str) -> HttpResponse:
    """Everything, with a note on how to check it by ordinary tools."""
    proposal = find(request, key)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, data in _files(proposal):
            bundle.writestr(zipfile.ZipInfo(name, LONG_AGO), data)
    return download(packed.getvalue(), f"evidence-{proposal.pk}.zip", "application/zip")


def _files(proposal: Proposal) -> Iterator[tuple[str, bytes]]:
    receipts = list(proposal.receipts.select_related("node").order_by("id"))
    context = {"proposal": proposal, "receipts": receipts}
    yield "README.txt", render_to_string("console/proposals/evidence.txt", context).encode()
    yield "proposal.json", bytes(proposal.raw)
    if proposal.warrant:
        yield "warrant.json", bytes(proposal.warrant)
    hashes = [authority.hash for authority in proposal.document.authorities]
    for number, charter in enumerate(charters.by_hash(hashes), 1):
        yield f"charter-{number}-{charter.authority.kind.value}-{charter.version}.json", charter.raw
    for number, receipt in enumerate(receipts, 1):
        yield from _receipt_files(receipt, number)


def _receipt_files(receipt: Receipt, number: int) -> Iterator[tuple[str, bytes]]:
    """A receipt as `openssl dgst -sha256 -verify` takes it: what was signed, signature in DER, key.

    Its place in a journal would not do as its name: receipts of two HSMs can have the same.
    """
    name = f"receipt-{number}"
    envelope = NodeSigned.from_bytes(bytes(receipt.envelope))
    signature = canonical.b64u_decode(envelope.signature)
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    yield f"{name}.json", bytes(receipt.raw)
    yield f"{name}.signed", pae(envelope.purpose, envelope.payload_bytes)
    yield f"{name}.sig", encode_dss_signature(r, s)
    yield f"{name}.pem", identity_pem(receipt.node)


def identity_pem(node: Node) -> bytes:
    """The public identity key of a node."""
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), node.identity_bytes)
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
