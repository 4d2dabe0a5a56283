"""Connection kits: read, checked against who signed them, and put in the order of their nodes."""

import io
import json
import tarfile
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding

from .encoding import sha256, unb64u, words
from .own import own_certificate
from .refused import Refused
from .sealed import open_sealed
from .shape import MOST_NODES, fit

PURPOSE = b"quorate/kit/v1"
LONGEST_KIT = 4_000_000
NAME_OF_KIT, KIT_FOLDER = "kit.json", "kit"
SAME_IN_ALL = ("deployment", "zone", "application", "certificate", "server_name", "token", "nodes")


def installed(folder: Path) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The installed kits, checked again from their files, and the one whose node they were installed for."""
    kits = []
    for of_node in kit_folders(folder):
        files = {file.name: file.read_bytes() for file in of_node.iterdir() if file.is_file()}
        kits.append(checked(folder, files))
    identity = (folder / "node-identity").read_text()
    anchor = next((kit for kit in kits if kit["identity"] == identity), None)
    if anchor is None:
        raise Refused("The kit is signed by another node than the one it was installed for.")
    return [kits[which] for which in ordered(anchor, kits)], anchor


def kit_folders(folder: Path) -> list[Path]:
    """Where the kits are, in the order of their nodes."""
    places = [folder / KIT_FOLDER, *(folder / f"{KIT_FOLDER}-{place}" for place in range(2, MOST_NODES + 1))]
    return [place for place in places if place.is_dir()]


def ordered(anchor: dict[str, Any], kits: list[dict[str, Any]]) -> list[int]:
    """The places of the kits in the order of the nodes that people admitted the application on.

    `anchor` is the kit whose node somebody vouched for: it names the others.
    """
    named = [node["identity"] for node in anchor.get("nodes") or [{"identity": identity_of(anchor)}]]
    signers = [identity_of(kit) for kit in kits]
    for kit in kits:
        same = all(kit.get(name) == anchor.get(name) for name in SAME_IN_ALL)
        if not same or identity_of(kit) not in named or signers.count(identity_of(kit)) != 1:
            raise Refused(f"The kit of node {kit['node']['name']} does not belong to the others.")
    return [signers.index(identity) for identity in named if identity in signers]


def by_failover(kits: list[dict[str, Any]], anchor: dict[str, Any]) -> list[int]:
    """The places of the kits in the order in which their nodes stand in for each other, as `anchor` says.

    Empty if its node is not in a failover cluster with the others.
    """
    order = anchor.get("failover") or []
    signers = [identity_of(kit) for kit in kits]
    if not set(signers) <= set(order):
        return []
    return sorted(range(len(kits)), key=lambda which: order.index(signers[which]))


def without(anchor: dict[str, Any], kits: list[dict[str, Any]]) -> list[str]:
    """The names of the nodes of which there is no kit."""
    signers = [identity_of(kit) for kit in kits]
    return [node["name"] for node in anchor.get("nodes") or () if node["identity"] not in signers]


def identity_of(kit: dict[str, Any]) -> str:
    """The SHA-256 of the identity key that signed a kit."""
    return sha256(unb64u(kit["identity"]))


def told(kit: dict[str, Any]) -> str:
    """The words of the identity key that signed a kit."""
    return words(identity_of(kit))


def checked(folder: Path, files: dict[str, bytes]) -> dict[str, Any]:
    """What the kit says, if a node signed for it, its files are as it says, and it is for this folder."""
    try:
        envelope = json.loads(files[NAME_OF_KIT])
        payload = unb64u(envelope["payload"])
        kit: dict[str, Any] = json.loads(payload)
        if envelope["purpose"].encode() != PURPOSE:
            raise Refused("This is not a connection kit.")
        fit(kit)
        verify(unb64u(kit["identity"]), payload, unb64u(envelope["signature"]))
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Refused("This is not a connection kit.") from None
    stated = {file["name"]: file["sha256"] for file in kit["files"]}
    if stated != {name: sha256(content) for name, content in files.items() if name != NAME_OF_KIT}:
        raise Refused("The kit was altered: its files are not those that the node signed for.")
    if kit["node_certificate"] != sha256(_certificate(files["node.crt"]).public_bytes(Encoding.DER)):
        raise Refused("The kit is refused: its node.crt is not the node's certificate.")
    if kit["certificate"] != sha256(own_certificate(folder)):
        raise Refused("The kit is for another application than the one in this folder.")
    return kit


def node_certificate(folder: Path) -> bytes:
    """The node's certificate from a folder with a kit, in PEM, without what stands beside it."""
    return _certificate((folder / "node.crt").read_bytes()).public_bytes(Encoding.PEM)


def _certificate(pem: bytes) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError:
        raise Refused("The kit is refused: its node.crt is no certificate.") from None


def read_archive(path: Path) -> dict[str, bytes]:
    """The plain files of the archive, by name."""
    data = path.read_bytes()
    if len(data) > LONGEST_KIT:
        raise Refused("The kit is too long.")
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            members = archive.getmembers()
            names = [member.name for member in members]
            plain = all(
                member.isfile() and "/" not in member.name and not member.name.startswith(".")
                for member in members
            )
            if not plain or len(set(names)) != len(names):
                raise Refused("The kit holds something else than plain files.")
            return {member.name: archive.extractfile(member).read() for member in members}  # type: ignore[union-attr]
    except tarfile.TarError:
        raise Refused("This is not a connection kit.") from None


def open_pin(folder: Path, kit: dict[str, Any], sealed: bytes) -> bytes:
    """The PIN of the application's token if it was sealed to the key in this folder by the kit's node."""
    key = serialization.load_pem_private_key((folder / "sealing.key").read_bytes(), None)
    if not isinstance(key, X25519PrivateKey):
        raise Refused("sealing.key is not the key that quorate-connect made.")
    context = {
        "type": "quorate/application-pin/v1",
        "deployment": kit["deployment"],
        "node": kit["node"]["id"],
        "zone": kit["zone"]["id"],
        "application": kit["application"]["id"],
    }
    try:
        return open_sealed(key, sealed, json.dumps(context, sort_keys=True, separators=(",", ":")).encode())
    except (InvalidTag, ValueError):
        return b""


def verify(point: bytes, payload: bytes, signature: bytes) -> None:
    """Check a node's signature (r || s) over the payload for the purpose of kits."""
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    signed = b"DSSEv1 %d %b %d %b" % (len(PURPOSE), PURPOSE, len(payload), payload)
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise Refused("The kit was altered: the node's signature does not hold.") from None
