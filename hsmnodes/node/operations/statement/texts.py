"""What stands in a statement by name alone, in words: the same for pages, print, and the desk."""

from collections.abc import Mapping
from typing import Final

KINDS: Final[Mapping[str, str]] = {"provider": "provider", "customer": "customer", "zone": "Trust Zone"}
ROLES: Final[Mapping[str, tuple[str, str]]] = {
    "hsm-administrator": ("HSM administrator", "HSM administrators"),
    "key-manager": ("key manager", "key managers"),
    "security-officer": ("security officer", "security officers"),
    "custodian": ("custodian", "custodians"),
    "auditor": ("auditor", "auditors"),
}
KEPT: Final[Mapping[str, str]] = {
    "token": "by the token itself",
    "file": "in an encrypted file",
    "sheet": "on a printed sheet",
}
MODES: Final[Mapping[str, str]] = {
    "exclusive": "exclusive: whole HSMs for this customer alone",
    "shared": "shared: a slot in HSMs that others use too",
}
EXCLUDED: Final[Mapping[str, str]] = {
    "administrators-apart": (
        "Who administers the provider's HSMs neither manages keys nor holds a share nor signs in a Trust "
        "Zone on them. HSMs refuse a charter that would make it so."
    ),
    "controller-decides": (
        "Shares of a backup key are held by people of the side that controls the zone alone; and whatever "
        "decides on that key, on where keys can be or on the zone's charter takes at least two of them."
    ),
    "one-seat": "A person counts once, for one side and in one seat, whatever duties and tokens they have.",
    "requester-apart": "Who requests something does not count among those who approve it.",
    "two-at-least": (
        "What is sensitive takes the signatures of at least two people of each side asked, whatever a "
        "charter says."
    ),
    "user-verified": (
        "A signature is made with a security token that has verified its holder, over the exact bytes of "
        "what is asked. The HSM checks it itself."
    ),
}
RECOVERED: Final[Mapping[str, str]] = {
    "founded-anew": (
        "Should too few tokens be left to sign for a Trust Zone whose charter has no recovery, or too few "
        "for that, it is founded anew, and its keys are restored from backups with the backup key that the "
        "custodians' shares rebuild."
    ),
    "no-reset": "There is no reset: nobody, neither side nor the console, can do alone what takes a quorum.",
    "old-shares": (
        "Shares given out before still open backups of their time: splitting a key anew takes nothing from "
        "who held the old shares. Rotating the backup key protects what is backed up from then on."
    ),
    "suspended-at-once": (
        "A lost token is suspended at once by one of those who sign for changes of the charter; it counts "
        "again only when a quorum says so."
    ),
}


def role(value: str, count: int = 2) -> str:
    """A role in words, in the number that fits."""
    one, many = ROLES[value]
    return one if count == 1 else many


def texts() -> dict[str, Mapping[str, str]]:
    """All of them as JSON, for the desk's catalogue."""
    return {"modes": MODES, "exclusions": EXCLUDED, "recovery": RECOVERED}
