"""How bytes are written and told: base64url, hashes, and their words."""

import base64
import hashlib

WORDS = "@WORDS@".split()


def words(digest: str) -> str:
    """The eight words of a SHA-256: its first 88 bits, eleven a word."""
    number = int(digest[:22], 16)
    return " ".join(WORDS[number >> 11 * place & 2047] for place in reversed(range(8)))


def sha256(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def b64u(data: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64u(text: str) -> bytes:
    """The bytes of base64url without padding."""
    return base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
