"""How services stand: what both sides signed last, and what charters in force say otherwise since.

The comparison is made once for each signed statement, set of charters and service, and kept in the process.
It is kept under the hashes of the very bytes that are in force, which are looked up anew each time: so what
is shown is never of other charters than those in force, and nothing has to be told when one is amended.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache

from hsmnodes.node.operations.statement.differences import Difference, differences
from hsmnodes.node.operations.statement.started import started_as
from hsmnodes.node.protocol.documents import Charter
from hsmnodes.node.protocol.documents.statement import StatedService
from hsmnodes.node.protocol.errors import ProposalRefused
from hsmnodes.node.protocol.statements import Basis, defaults_in, redraw
from tenants import charters, tags
from tenants.analysis.defaults import defaults_for
from tenants.models import Proposal, Service, SignedStatement, Statement, TrustZone

KEPT = 1024
"""So many comparisons are kept."""


@dataclass(frozen=True)
class Standing:
    """How a service stands: what was signed last, if anything, and what is in force and differs from it.

    `renewed` are the authorities whose charter has another version than the statement names, and says the
    same.
    """

    service: Service
    signed: SignedStatement | None
    differences: tuple[Difference, ...] = ()
    renewed: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether something was signed and what is in force still says just that."""
        return self.signed is not None and not self.differences


def standing_of(service: Service) -> Standing:
    """How a service stands now."""
    [found] = standings_of([service])
    return found


def standings_of(services: Collection[Service]) -> list[Standing]:
    """How services stand now, in their order."""
    signed = {one.service_id: one for one in _signed(services)}
    looked_at = [one for one in services if one.pk in signed]
    bases, stated = _bases(looked_at), _stated(looked_at)
    return [
        _standing(one, signed[one.pk], bases[one.pk], stated[one.pk])
        if one.pk in signed
        else Standing(one, None)
        for one in services
    ]


def last_signed(service: Service) -> SignedStatement | None:
    """The statement that both sides signed last."""
    return next(iter(_signed([service])), None)


def basis_of(service: Service) -> Basis | None:
    """The charters in force that a statement of the service rests on; None where a side has none."""
    return _bases([service])[service.pk]


def stated_service(service: Service) -> StatedService:
    """The service as the warrants that started it say that it is. Raises ProposalRefused."""
    found = _stated([service])[service.pk]
    if isinstance(found, ProposalRefused):
        raise found
    return found


def starts_of(services: Collection[Service]) -> Mapping[str, list[Proposal]]:
    """Every authorised proposal to start each of these services, on whatever node, by its id."""
    asked = Proposal.objects.filter(
        operation=tags.START_SERVICE, customer__in={one.customer_id for one in services}
    )
    found: dict[str, list[Proposal]] = {one.pk: [] for one in services}
    for proposal in asked.exclude(warrant=b"").order_by("created_at", "id"):
        starts = found.get(proposal.document.parameters["service"]["id"])
        if starts is not None:
            starts.append(proposal)
    return found


# ------------------------------------------------------------------ the comparison


@dataclass(frozen=True)
class _Compared:
    differences: tuple[Difference, ...]
    renewed: tuple[str, ...]


def _standing(
    service: Service, signed: SignedStatement, basis: Basis | None, stated: StatedService | ProposalRefused
) -> Standing:
    if basis is None:
        return _broken(service, signed, "A charter that the statement rests on is not in force any more.")
    if isinstance(stated, ProposalRefused):
        return _broken(service, signed, stated.message)
    hashes = tuple(charter.sha256 for charter in basis.all)
    try:
        found = _compare(signed.statement.hash, hashes, stated)
    except ProposalRefused as refused:
        return _broken(service, signed, refused.message)
    return Standing(service, signed, found.differences, found.renewed)


def _broken(service: Service, signed: SignedStatement, reason: str) -> Standing:
    """Nothing can be drawn up any more."""
    return Standing(service, signed, (Difference("", "Charters", "in force", "not in force", reason),))


@lru_cache(maxsize=KEPT)
def _compare(statement: str, hashes: tuple[str, ...], stated: StatedService) -> _Compared:
    """What the charters with these hashes (provider, customer, zones) say otherwise than a statement.

    It depends on nothing else: each hash names exact bytes. Raises ProposalRefused, which is not kept.
    """
    signed = Statement.objects.get(hash=statement).document
    provider, customer, *zones = _by_hashes(hashes)
    named = defaults_in(signed)
    fresh = redraw(
        signed, Basis(provider, customer, zones), lambda charter: {**defaults_for(charter), **named(charter)}
    ).model_copy(update={"service": stated})
    versions = {one.authority.id: one.authority.hash for one in signed.charters}
    renewed = [
        one.authority.name
        for one in fresh.charters
        if versions.get(one.authority.id, one.authority.hash) != one.authority.hash
    ]
    return _Compared(tuple(differences(signed, fresh)), tuple(renewed))


def _by_hashes(hashes: Collection[str]) -> list[Charter]:
    found = {charter.sha256: charter for charter in charters.by_hash(hashes)}
    if set(hashes) - set(found):
        raise ProposalRefused("other-charter", "A charter is not here under the hash that it is known by.")
    return [found[one] for one in hashes]


# ------------------------------------------------------------------ what is in force, of many services


def _signed(services: Collection[Service]) -> list[SignedStatement]:
    """What was signed last of each of these services."""
    found = SignedStatement.objects.filter(service__in=services).select_related("statement", "proposal")
    return list({one.service_id: one for one in found.order_by("version")}.values())


def _bases(services: Collection[Service]) -> Mapping[str, Basis | None]:
    founded = TrustZone.objects.filter(service__in=services, founded_at__isnull=False)
    zones: dict[str, list[str]] = {one.pk: [] for one in services}
    for zone, service in founded.values_list("pk", "service_id"):
        zones[service].append(zone)
    sides = {side for one in services for side in (one.provider_id, one.customer_id)}
    known = charters.in_force([*sides, *(zone for some in zones.values() for zone in some)])
    return {
        one.pk: Basis(
            known[one.provider_id],
            known[one.customer_id],
            [known[zone] for zone in zones[one.pk] if zone in known],
        )
        if {one.provider_id, one.customer_id} <= known.keys()
        else None
        for one in services
    }


def _stated(services: Collection[Service]) -> Mapping[str, StatedService | ProposalRefused]:
    starts, anchors = starts_of(services), charters.anchors_of({one.customer_id for one in services})
    found: dict[str, StatedService | ProposalRefused] = {}
    for one in services:
        try:
            found[one.pk] = started_as(
                one.pk,
                [proposal.document for proposal in starts[one.pk]],
                customer=one.customer.named(),
                founding=anchors.get(one.customer_id, ""),
            )
        except ProposalRefused as refused:
            found[one.pk] = refused
    return found
