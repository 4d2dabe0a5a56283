"""The cast: who plays in the tests, with ids and tokens made from their names."""

import hashlib
from functools import cache

from hsmnodes.node.protocol.documents.charter import Named, Person, Role
from tests.cast.tokens import EDDSA, ES256, SoftwareToken


def make_id(name: str) -> str:
    """A fixed id for `name`."""
    return hashlib.sha256(b"id of " + name.encode()).hexdigest()[:32]


def named(name: str) -> Named:
    """The id and name of `name`."""
    return Named(id=make_id(name), name=name)


DEPLOYMENT = make_id("deployment")
NORTHGATE, MERIDIAN, LUMEN = named("Northgate"), named("Meridian Bank"), named("Lumen Health")

ROLES = {
    "Ada": (NORTHGATE, Role.HSM_ADMINISTRATOR),
    "Ben": (NORTHGATE, Role.HSM_ADMINISTRATOR),
    "Cleo": (NORTHGATE, Role.HSM_ADMINISTRATOR),
    "Jon": (NORTHGATE, Role.SECURITY_OFFICER),
    "Kim": (NORTHGATE, Role.SECURITY_OFFICER),
    "Dina": (MERIDIAN, Role.KEY_MANAGER),
    "Emil": (MERIDIAN, Role.KEY_MANAGER),
    "Fay": (MERIDIAN, Role.KEY_MANAGER),
    "Gus": (MERIDIAN, Role.SECURITY_OFFICER),
    "Lea": (MERIDIAN, Role.SECURITY_OFFICER),
    "Hana": (MERIDIAN, Role.AUDITOR),
    "Ivo": (LUMEN, Role.SECURITY_OFFICER),
}


@cache
def token_of(name: str, nth: int = 1) -> SoftwareToken:
    """The nth token of a person: the first is ES256, the second EdDSA, and so on in turn."""
    return SoftwareToken(f"{name} {nth}", algorithm=ES256 if nth % 2 else EDDSA)


def person(
    name: str,
    *roles: Role | str,
    organisation: Named | None = None,
    tokens: tuple[SoftwareToken, ...] | None = None,
) -> Person:
    """One of the cast, or anyone else, with the roles given (or those of the cast) and one token."""
    home, role = ROLES.get(name, (MERIDIAN, Role.AUDITOR))
    return Person(
        id=make_id(name),
        name=name,
        organisation=organisation or home,
        roles=tuple(sorted(Role(one) for one in (roles or (role,)))),
        tokens=tuple(token.token for token in (tokens or (token_of(name),))),
    )
