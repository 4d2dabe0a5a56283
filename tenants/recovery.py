"""Recovery below quorum as the console prepares it: who the other side is, what could be one."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from hsmnodes.node.protocol.documents import AuthorityKind, OtherSide
from hsmnodes.node.protocol.recovery import beyond
from tenants import charters, tags
from tenants.models import RUNNING_STATES, CharterVersion, Organisation, Proposal, Service, State


@dataclass(frozen=True)
class Side:
    """An organisation that could consent, with the hash of its charter in force."""

    kind: AuthorityKind
    id: str
    name: str
    charter: str

    def as_named(self) -> OtherSide:
        """As a recovery clause names it."""
        return OtherSide(kind=self.kind, id=self.id, name=self.name, charter=self.charter)


def sides_for(
    kind: AuthorityKind, organisation: Organisation, service: Service | None = None
) -> list[list[Side]]:
    """The other sides of an authority, each with those who could be it: of a provider any of its customers.

    A zone's are those of the `service` it is part of. One without a charter in force cannot be a side.
    """
    match kind:
        case AuthorityKind.ZONE if service is not None:
            wanted = [
                (AuthorityKind.CUSTOMER, [service.customer]),
                (AuthorityKind.PROVIDER, [service.provider]),
            ]
        case AuthorityKind.CUSTOMER:
            wanted = [(AuthorityKind.PROVIDER, [organisation.provider_or_self])]
        case _:
            customers = list(Organisation.objects.filter(provider=organisation).order_by("name"))
            wanted = [(AuthorityKind.CUSTOMER, customers)]
    return [_with_charters(kind_, organisations) for kind_, organisations in wanted]


def _with_charters(kind: AuthorityKind, organisations: Sequence[Organisation]) -> list[Side]:
    known = charters.in_force([one.pk for one in organisations])
    return [
        Side(kind, one.pk, known[one.pk].authority.name, known[one.pk].sha256)
        for one in organisations
        if one.pk in known
    ]


def could_recover(version: CharterVersion) -> bool:
    """Whether a draft changes only what a recovery may, and the charter that it follows has the clause."""
    found = charters.by_hash([charters.document_of(version).previous or ""])
    return bool(found) and found[0].recovery is not None and beyond(found[0], version.document) is None


def under_way(proposals: QuerySet[Proposal]) -> QuerySet[Proposal]:
    """Those of some proposals that are recoveries which nobody has stopped yet, and are not in force."""
    return proposals.filter(operation=tags.RECOVER_CHARTER, state__in=(State.PROPOSED, *RUNNING_STATES))
