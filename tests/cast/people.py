"""The cast: the organisations and people of every test, each with a software token.

Ada, Ben, Cleo are HSM administrators and Jon, Kim security officers of provider Northgate; Dina, Emil, Fay
key managers, Gus, Lea security officers and Hana auditor of customer Meridian Bank; Ivo and Olga belong to
customer Lumen Health. Nils, Rosa and Tom manage keys for Northgate where it does so for a customer.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from hsmnodes.node.protocol.documents import Named, Person, Role
from hsmnodes.node.protocol.documents.charter import EDDSA, ES256
from hsmnodes.node.protocol.documents.share_keys import Kept, ShareKey
from tests.cast.ids import make_id
from tests.cast.tokens import SoftwareToken


def named(name: str) -> Named:
    """A thing called `name`, with the id that goes with it."""
    return Named(id=make_id(name), name=name)


NORTHGATE = named("Northgate")
MERIDIAN = named("Meridian Bank")
LUMEN = named("Lumen Health")


@dataclass(frozen=True)
class Member:
    """A person of an organisation with a token, simulated or not, and how their share key is kept."""

    name: str
    organisation: Named
    roles: tuple[Role, ...]
    algorithm: int = ES256
    simulated: bool = True
    kept: Kept = "token"

    @property
    def id(self) -> str:
        return make_id(self.name)

    @cached_property
    def key(self) -> SoftwareToken:
        """The first token."""
        return SoftwareToken(self.name.lower(), self.algorithm, self.simulated)

    @cached_property
    def second_key(self) -> SoftwareToken:
        """Another token of the same person."""
        return SoftwareToken(self.name.lower() + "-2", self.algorithm, self.simulated)

    def with_roles(self, *roles: Role) -> "Member":
        """The same person with other roles."""
        return replace(self, roles=roles)

    def person(self, *, tokens: tuple[SoftwareToken, ...] | None = None) -> Person:
        """The person as a charter holds them."""
        return Person(
            id=self.id,
            name=self.name,
            organisation=self.organisation,
            roles=tuple(sorted(self.roles)),
            tokens=tuple(key.token(share_key=self._share_key(key)) for key in (tokens or (self.key,))),
        )

    @property
    def holder(self) -> dict[str, Any]:
        """The person as a custodian stands in the parameters of a split."""
        share_key = self.key.share_key(self).stated.public_key
        return {"person": {"id": self.id, "name": self.name}, "share_key": share_key}

    def _share_key(self, key: SoftwareToken) -> ShareKey | None:
        """Custodians have one."""
        return key.share_key(self, kept=self.kept) if Role.CUSTODIAN in self.roles else None


ADA = Member("Ada", NORTHGATE, (Role.HSM_ADMINISTRATOR,))
BEN = Member("Ben", NORTHGATE, (Role.HSM_ADMINISTRATOR,), algorithm=EDDSA)
CLEO = Member("Cleo", NORTHGATE, (Role.HSM_ADMINISTRATOR,))
JON = Member("Jon", NORTHGATE, (Role.SECURITY_OFFICER,))
KIM = Member("Kim", NORTHGATE, (Role.SECURITY_OFFICER,))
DINA = Member("Dina", MERIDIAN, (Role.KEY_MANAGER,))
EMIL = Member("Emil", MERIDIAN, (Role.KEY_MANAGER,), algorithm=EDDSA)
FAY = Member("Fay", MERIDIAN, (Role.KEY_MANAGER,))
GUS = Member("Gus", MERIDIAN, (Role.SECURITY_OFFICER,))
LEA = Member("Lea", MERIDIAN, (Role.SECURITY_OFFICER,))
HANA = Member("Hana", MERIDIAN, (Role.AUDITOR,))
IVO = Member("Ivo", LUMEN, (Role.SECURITY_OFFICER,))
OLGA = Member("Olga", LUMEN, (Role.SECURITY_OFFICER,))
NILS = Member("Nils", NORTHGATE, (Role.KEY_MANAGER,))
ROSA = Member("Rosa", NORTHGATE, (Role.KEY_MANAGER,))
TOM = Member("Tom", NORTHGATE, (Role.KEY_MANAGER,))

PROVIDER_PEOPLE = (ADA, BEN, CLEO, JON, KIM)
CUSTOMER_PEOPLE = (DINA, EMIL, FAY, GUS, HANA, LEA)
ZONE_PEOPLE = (DINA, EMIL, FAY)
CUSTODIANS = tuple(one.with_roles(Role.CUSTODIAN, Role.KEY_MANAGER) for one in ZONE_PEOPLE)
LUMEN_PEOPLE = (IVO, OLGA)
MANAGERS_FOR_OTHERS = (NILS, ROSA, TOM)
EVERYONE = (*PROVIDER_PEOPLE, *CUSTOMER_PEOPLE, *LUMEN_PEOPLE)
