"""A backup as one file: a signed manifest and the wrapped keys (docs/formats/backup.md).

    "quorate-backup/v1" and a line feed
    length of the manifest, 4 bytes, big-endian
    SHA-256 of the manifest, 32 bytes
    manifest
    signature of the node that took it, r || s, 64 bytes
    the blobs, in the order of the manifest's keys, each as long as it says there

Whoever reads one is told what is wrong with it: every byte belongs to one of these, and is covered by a hash,
a signature, or the only value it can have.
"""

import struct
from dataclasses import dataclass

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents.backups import BackupManifest
from hsmnodes.node.protocol.errors import DocumentRefused, SignatureRefused
from hsmnodes.node.protocol.nodesigning import verify_signature
from hsmnodes.node.protocol.purposes import Purpose

MAGIC = b"quorate-backup/v1\n"
LENGTH = struct.Struct(">I")
DIGEST_LENGTH, SIGNATURE_LENGTH = 32, 64
LONGEST_BACKUP = 11_500_000  # in base64 it still fits into a message
NAMED_AT_MOST = 5


@dataclass(frozen=True)
class Backup:
    """A backup whose structure, signature and blobs hold. Whose signature it is, is for the reader to judge.

    `blobs` are the wrapped keys in the order of the manifest's keys; `data` is the whole file.
    """

    manifest: BackupManifest
    blobs: tuple[bytes, ...]
    data: bytes

    @property
    def sha256(self) -> str:
        """What the backup is known by: SHA-256 of the file, in hexadecimal."""
        return canonical.sha256_hex(self.data)


def write_backup(manifest: BackupManifest, signature: bytes, blobs: tuple[bytes, ...]) -> Backup:
    """The file of a backup. Raises DocumentRefused if it becomes too long."""
    raw = manifest.raw
    digest = bytes.fromhex(manifest.sha256)
    data = b"".join([MAGIC, LENGTH.pack(len(raw)), digest, raw, signature, *blobs])
    _check_length(len(data))
    return Backup(manifest, blobs, data)


def read_backup(data: bytes) -> Backup:
    """The backup in a file. Raises DocumentRefused or SignatureRefused, which name what is wrong with it."""
    _check_length(len(data))
    if not data.startswith(MAGIC):
        raise DocumentRefused("not-a-backup", "The file does not begin as a backup does.")
    at = len(MAGIC) + LENGTH.size + DIGEST_LENGTH
    if len(data) < at:
        raise DocumentRefused("cut-off", "The file ends before its manifest.")
    (length,) = LENGTH.unpack_from(data, len(MAGIC))
    raw, signature, rest = data[at : at + length], *_split(data[at + length :])
    if canonical.sha256_hex(raw) != data[at - DIGEST_LENGTH : at].hex():
        raise DocumentRefused(
            "manifest-altered", "The manifest, its length or its hash was altered, or the file is cut off."
        )
    manifest = BackupManifest.from_bytes(raw)
    _check_signature(manifest, signature)
    return Backup(manifest, _blobs(manifest, rest), data)


def _split(data: bytes) -> tuple[bytes, bytes]:
    return data[:SIGNATURE_LENGTH], data[SIGNATURE_LENGTH:]


def _check_length(length: int) -> None:
    if length > LONGEST_BACKUP:
        raise DocumentRefused(
            "too-long",
            f"The backup has {length:,} bytes; at most {LONGEST_BACKUP:,} can be carried: "
            "back up the zone in parts, of chosen keys.",
        )


def _check_signature(manifest: BackupManifest, signature: bytes) -> None:
    if len(signature) != SIGNATURE_LENGTH:
        raise DocumentRefused("cut-off", "The file ends within the signature of its manifest.")
    try:
        verify_signature(manifest.raw, signature, identity=manifest.identity_point, purpose=Purpose.BACKUP)
    except SignatureRefused:
        raise SignatureRefused(
            "bad-signature",
            f"The signature over the manifest does not hold: {manifest.node.name} has not signed this.",
        ) from None


def _blobs(manifest: BackupManifest, rest: bytes) -> tuple[bytes, ...]:
    """The blobs behind a manifest. Raises DocumentRefused, naming the keys whose blobs are not theirs."""
    wanted = sum(key.blob_size for key in manifest.keys)
    if len(rest) != wanted:
        code, what = ("cut-off", "ends too early") if len(rest) < wanted else ("too-much", "goes on too long")
        raise DocumentRefused(
            code, f"The file {what}: {len(rest):,} bytes of wrapped keys instead of {wanted:,}."
        )
    blobs, altered, at = [], [], 0
    for key in manifest.keys:
        blob, at = rest[at : at + key.blob_size], at + key.blob_size
        blobs.append(blob)
        if canonical.sha256_hex(blob) != key.blob_sha256:
            altered.append(f"{key.label} ({key.id})")
    if altered:
        more = f" and {len(altered) - NAMED_AT_MOST} more" if len(altered) > NAMED_AT_MOST else ""
        names = ", ".join(altered[:NAMED_AT_MOST])
        raise DocumentRefused("blob-altered", f"What is wrapped was altered, of these keys: {names}{more}.")
    return tuple(blobs)
