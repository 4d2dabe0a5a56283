"""Who is in the sample deployment."""

from dataclasses import dataclass

from hsmnodes.node.protocol.documents import Role


@dataclass(frozen=True)
class Member:
    """A sample person: the name, the roles in their organisation's charter, and what they are in words."""

    name: str
    title: str
    roles: tuple[Role, ...]


@dataclass(frozen=True)
class SampleOrganisation:
    """A sample organisation with its people."""

    name: str
    members: tuple[Member, ...]


def _administrator(name: str) -> Member:
    return Member(name, "HSM administrator", (Role.HSM_ADMINISTRATOR,))


def _officer(name: str) -> Member:
    return Member(name, "Security officer", (Role.SECURITY_OFFICER,))


def _manager(name: str) -> Member:
    return Member(name, "Key manager", (Role.KEY_MANAGER,))


PROVIDER = SampleOrganisation(
    "Northgate",
    (
        _administrator("Ada"),
        _administrator("Ben"),
        _administrator("Cleo"),
        _officer("Jon"),
        _officer("Kim"),
        _manager("Nils"),
        _manager("Rosa"),
        _manager("Tom"),
    ),
)
BANK = SampleOrganisation(
    "Meridian Bank",
    (
        _manager("Dina"),
        _manager("Emil"),
        _manager("Fay"),
        _officer("Gus"),
        _officer("Lea"),
        Member("Hana", "Auditor", (Role.AUDITOR,)),
    ),
)
HEALTH = SampleOrganisation("Lumen Health", (_officer("Ivo"), _officer("Olga"), _officer("Vera")))

DATA_CENTRES = {"Amsterdam": ("ams-1", "ams-2"), "Frankfurt": ("fra-1",)}
PROPOSES, APPROVE = "Cleo", ("Ada", "Ben")
