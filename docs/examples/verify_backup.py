#!/usr/bin/env python3
# ruff: noqa: T201 - a script of its own, for a terminal
"""Check a backup of Quorate with nothing of Quorate's: python verify_backup.py FILE [IDENTITY]

IDENTITY is the point of the node's identity key, 65 bytes in hexadecimal, as its enrolment has it. Without it
the check is only that the file is as whoever made it signed it.
"""

import base64
import hashlib
import json
import sys
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

ONE_FILE, IN_PARTS, PART = b"quorate-backup/v1\n", b"quorate-backup/v2\n", b"quorate-backup-part/v1\n"
PURPOSE = b"quorate/backup/v1"


def verify(data: bytes, identity: bytes | None = None) -> dict:
    """What the node signed, with the `keys`, if everything holds; exits with what is wrong otherwise."""
    if not data.startswith((ONE_FILE, IN_PARTS)):
        sys.exit("This is not a backup.")
    at = len(ONE_FILE) + 36
    length, digest = int.from_bytes(data[at - 36 : at - 32]), data[at - 32 : at]
    raw, signature, rest = data[at : at + length], data[at + length :][:64], data[at + length + 64 :]
    if hashlib.sha256(raw).digest() != digest:
        sys.exit("The manifest, its length or its hash was altered.")
    signed = json.loads(raw)
    point = base64.urlsafe_b64decode(signed["identity"] + "=")
    encoded = b"DSSEv1 %d %b %d %b" % (len(PURPOSE), PURPOSE, len(raw), raw)
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        key.verify(encode_dss_signature(r, s), encoded, ec.ECDSA(SHA256()))
    except InvalidSignature:
        sys.exit("The signature does not hold.")
    if identity not in (None, point):
        sys.exit("Another node has signed this.")
    if data.startswith(ONE_FILE):
        rest = verify_blobs(signed["keys"], rest)
    else:
        signed["keys"] = []
        for number, one in enumerate(signed["parts"], start=1):
            part, rest = rest[: one["size"]], rest[one["size"] :]
            signed["keys"] += verify_part(part, one, number)
    if rest:
        sys.exit("Something follows the last key.")
    return signed


def verify_part(part: bytes, listed: dict, number: int) -> list:
    """The keys of a part, if it is the one that the index lists."""
    if hashlib.sha256(part).hexdigest() != listed["sha256"] or not part.startswith(PART):
        sys.exit(f"Part {number} is missing or was altered.")
    at = len(PART) + 4
    length = int.from_bytes(part[at - 4 : at])
    keys = json.loads(part[at : at + length])["keys"]
    if verify_blobs(keys, part[at + length :]) or len(keys) != listed["keys"]:
        sys.exit(f"Part {number} does not hold the keys that it should.")
    return keys


def verify_blobs(keys: list, rest: bytes) -> bytes:
    """What follows the blobs of these keys."""
    for one in keys:
        blob, rest = rest[: one["blob_size"]], rest[one["blob_size"] :]
        if hashlib.sha256(blob).hexdigest() != one["blob_sha256"]:
            sys.exit(f"What is wrapped was altered, of key {one['label']} ({one['id']}).")
    return rest


if __name__ == "__main__":
    known = bytes.fromhex(sys.argv[2]) if len(sys.argv) > 2 else None
    found = verify(Path(sys.argv[1]).read_bytes(), known)
    zone, node = found["zone"]["name"], found["node"]["name"]
    print(f"{len(found['keys'])} keys of zone {zone}, taken by node {node}: good.")
