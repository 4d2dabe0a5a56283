"""Ids that are the same in every run."""

import hashlib


def make_id(what: str) -> str:
    """The id that this name has in every test."""
    return hashlib.sha256(b"id " + what.encode()).hexdigest()[:32]
