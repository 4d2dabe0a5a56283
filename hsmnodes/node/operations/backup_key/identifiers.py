"""The ids of backup keys: derived, so that what an interruption left of one is found again."""

from hsmnodes.node.protocol import canonical

FIRST = "1"


def backup_key_id(zone: str, origin: str) -> str:
    """The id of a zone's backup key: of its FIRST, or of the one that the proposal `origin` rotated to."""
    return canonical.sha256_hex(f"quorate/backup-key/v1{zone}{origin}".encode("ascii"))[:32]
