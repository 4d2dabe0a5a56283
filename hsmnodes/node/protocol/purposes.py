"""What a signature is for. The purpose is part of what is signed (DSSE pre-authentication encoding)."""

import hashlib
from enum import StrEnum


class Purpose(StrEnum):
    """Every purpose a person's token or a node's identity key may sign for."""

    SIGN_IN = "quorate/sign-in/v1"
    ENROL = "quorate/enrol/v1"
    SHARE_KEY = "quorate/share-key/v1"
    PROPOSE = "quorate/propose/v1"
    APPROVE = "quorate/approve/v1"
    REJECT = "quorate/reject/v1"
    CANCEL = "quorate/cancel/v1"
    SUSPEND = "quorate/suspend/v1"
    FOUND = "quorate/found/v1"
    CONTRIBUTE = "quorate/contribute/v1"
    RECEIPT = "quorate/receipt/v1"
    HEARTBEAT = "quorate/heartbeat/v1"
    WITNESS_REQUEST = "quorate/witness-request/v1"
    WITNESS = "quorate/witness/v1"
    CEREMONY = "quorate/ceremony/v1"
    CONTRIBUTION_ANSWER = "quorate/contribution-answer/v1"
    BACKUP = "quorate/backup/v1"
    KIT = "quorate/kit/v1"


NODE_PURPOSES = frozenset(
    {
        Purpose.RECEIPT,
        Purpose.HEARTBEAT,
        Purpose.WITNESS_REQUEST,
        Purpose.WITNESS,
        Purpose.CEREMONY,
        Purpose.CONTRIBUTION_ANSWER,
        Purpose.BACKUP,
        Purpose.KIT,
    }
)


def pae(purpose: Purpose, data: bytes) -> bytes:
    """The pre-authentication encoding of `data` for `purpose` (DSSE v1, "PAE")."""
    name = purpose.encode("ascii")
    return b"DSSEv1 %d %b %d %b" % (len(name), name, len(data), data)


def challenge(purpose: Purpose, data: bytes) -> bytes:
    """The 32 bytes a token or node signs: SHA-256 over the encoding of `data` for `purpose`."""
    return hashlib.sha256(pae(purpose, data)).digest()
