"""Opaque ids: 128 random bits as 32 hexadecimal digits, the same in the database and in documents."""

import secrets


def new_id() -> str:
    """A new id."""
    return secrets.token_hex(16)
