"""What the endpoint is to serve: one entry for each application, from the node's journal alone."""

import hashlib
from dataclasses import dataclass

SUFFIX = "zones.quorate.internal"


@dataclass(frozen=True)
class Served:
    """An application by its id, its zone's id, its certificate (DER), and the ids of the keys it has left.

    A change in any of these ends its sessions. `not_after` is in seconds since 1970.
    """

    application: str
    zone: str
    certificate: bytes
    not_after: int
    keys: tuple[str, ...]

    @property
    def server_name(self) -> str:
        """The name by which its zone is asked for (SNI)."""
        return server_name(self.zone)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of its certificate, in upper case, as HAProxy computes it."""
        return hashlib.sha256(self.certificate).hexdigest().upper()


def server_name(zone: str) -> str:
    """The name by which a zone is asked for on every node."""
    return f"{zone}.{SUFFIX}"
