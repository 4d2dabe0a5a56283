"""Charters of organisations and zones: drafted, signed by those in them, and then in force.

What makes a charter valid is decided in hsmnodes/node/protocol/charters.py; here it is collected and kept.
A founding charter of an organisation comes into force with the last founder's signature; that of a zone when
its `zone.found` proposal is authorised; every later version when its `charter.amend` proposal is.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db import transaction
from django.db.models import BinaryField, F, Func, IntegerField, QuerySet, Value

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.charters import new_tokens, verify_amendment, verify_founding
from hsmnodes.node.protocol.control import side_in_control
from hsmnodes.node.protocol.documents import (
    Assertion,
    Charter,
    CharterLink,
    OtherSide,
    Proposal,
    Role,
    SideChain,
    Token,
    Warrant,
)
from hsmnodes.node.protocol.errors import CharterRefused
from hsmnodes.node.protocol.purposes import Purpose, challenge
from tenants import clock, deployment, log, models, tags, tokens
from tenants.errors import NotAllowed, WrongState
from tenants.log import About, Event
from tenants.models import (
    RUNNING_STATES,
    AuthorityChoices,
    CharterSignature,
    CharterState,
    CharterVersion,
    Person,
    State,
)


@dataclass(frozen=True)
class Unsigned:
    """A token that has not signed a charter yet, and whose it is."""

    person: str
    person_name: str
    token: Token


@lru_cache(maxsize=512)
def parse(raw: bytes) -> Charter:
    """The charter with these bytes, parsed once a process."""
    return Charter.from_bytes(raw)


def document_of(version: CharterVersion) -> Charter:
    """The charter that `version` holds."""
    return parse(bytes(version.raw))


class _Place(Func):
    """Where bytes are in others, from 1 on, or 0: what does not hold them need not leave the database."""

    output_field = IntegerField()
    arity = 2

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """`instr(where, what)`; the arguments stand as PostgreSQL wants them, what before where."""
        what, where = self.get_source_expressions()
        turned = _Place(where, what)
        return turned.as_sql(compiler, connection, function="INSTR", **context)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, function="POSITION", arg_joiner=" IN ", **context)


def naming(versions: QuerySet[CharterVersion], person: str) -> QuerySet[CharterVersion]:
    """Those of `versions` whose bytes name the person with this id: few of many have to be read for it."""
    return versions.alias(named=_Place(Value(person.encode("ascii"), BinaryField()), F("raw"))).filter(
        named__gt=0
    )


def in_force(authorities: Iterable[str]) -> dict[str, Charter]:
    """The charters in force of the organisations and zones with these ids."""
    found = CharterVersion.objects.filter(authority__in=list(authorities), state=CharterState.IN_FORCE)
    return {version.authority: document_of(version) for version in found}


def that_were_in_force(authority: str) -> list[Charter]:
    """Every version of a charter that is or was in force, the newest first."""
    states = (CharterState.IN_FORCE, CharterState.SUPERSEDED)
    found = CharterVersion.objects.filter(authority=authority, state__in=states)
    return [document_of(version) for version in found.order_by("-version")]


def by_hash(hashes: Iterable[str]) -> list[Charter]:
    """The charters with these hashes, whatever their state."""
    return [document_of(version) for version in CharterVersion.objects.filter(hash__in=list(hashes))]


def link_of(version: CharterVersion) -> CharterLink:
    """The version with what makes it valid, as nodes check it."""
    return CharterLink(
        charter=canonical.b64u(bytes(version.raw)),
        possession=tuple(
            Assertion.model_validate(canonical.decode(bytes(signature.assertion)))
            for signature in version.signatures.order_by("id")
        ),
        sides=_sides_of(version),
        warrant=canonical.b64u(bytes(version.warrant)) if version.warrant else None,
    )


def _sides_of(version: CharterVersion) -> tuple[SideChain, ...] | None:
    """The charters of the other sides by which a recovery was consented to; None for anything else."""
    if not version.warrant:
        return None
    proposal = Proposal.from_bytes(Warrant.from_bytes(bytes(version.warrant)).proposal_bytes)
    if proposal.operation != tags.RECOVER_CHARTER:
        return None
    before = by_hash([document_of(version).previous or ""])
    named = {one.id: one.version for one in proposal.authorities}
    others = before[0].recovery.others if before and before[0].recovery is not None else ()
    return tuple(_side(other, named.get(other.id, 0)) for other in others) or None


def _side(other: OtherSide, last: int) -> SideChain:
    """The charter of another side from the version that a clause names on to the version `last`."""
    first = CharterVersion.objects.get(hash=other.charter)
    later = CharterVersion.objects.filter(
        authority=other.id,
        version__gt=first.version,
        version__lte=last,
        state__in=[CharterState.IN_FORCE, CharterState.SUPERSEDED],
    )
    return SideChain(
        charter=canonical.b64u(bytes(first.raw)),
        links=tuple(canonical.b64u(link_of(one).raw) for one in later.order_by("version")),
    )


def chain_of(authority: str) -> list[CharterLink]:
    """Every version that came into force, from the founding one on."""
    versions = CharterVersion.objects.filter(
        authority=authority, state__in=[CharterState.IN_FORCE, CharterState.SUPERSEDED]
    )
    return [link_of(version) for version in versions.order_by("version")]


def anchor_of(authority: str) -> str | None:
    """The hash of the founding version, if there is one in force or superseded."""
    return anchors_of([authority]).get(authority)


def anchors_of(authorities: Iterable[str]) -> dict[str, str]:
    """The same of several, by authority."""
    states = (CharterState.IN_FORCE, CharterState.SUPERSEDED)
    found = CharterVersion.objects.filter(authority__in=list(authorities), version=1, state__in=states)
    return dict(found.values_list("authority", "hash"))


def unsigned(version: CharterVersion) -> list[Unsigned]:
    """The tokens whose signature `version` still needs: all in a founding one, else those that are new."""
    charter = document_of(version)
    wanted = [(person, token) for person in charter.people for token in person.tokens]
    if charter.version > 1:
        for predecessor in by_hash([charter.previous or ""]):
            wanted = new_tokens(predecessor, charter)
    signed = set(version.signatures.values_list("credential_id", flat=True))
    return [
        Unsigned(person.id, person.name, token)
        for person, token in wanted
        if token.credential_id not in signed
    ]


def sign_charter(*, charter: CharterVersion, person: Person, assertion: Assertion) -> CharterVersion:
    """Add the signature of one of the person's tokens; returns the charter as it then stands.

    Raises SignatureNotAccepted; NotAllowed for who is not in the charter; WrongState.
    """
    token = tokens.check_assertion(
        assertion, challenge=challenge(Purpose.FOUND, bytes(charter.raw)), person=person
    )
    with transaction.atomic():
        charter = CharterVersion.objects.select_for_update(no_key=True).get(pk=charter.pk)
        if charter.state != CharterState.COLLECTING:
            raise WrongState("not-collecting", "This charter no longer collects signatures.")
        wanted = {one.token.credential_id for one in unsigned(charter) if one.person == person.id}
        if person.id not in document_of(charter).persons:
            raise NotAllowed("not-in-charter", "Only who stands in a charter signs it.")
        if token.credential_id not in wanted:
            raise WrongState("signed-already", "This token has signed, or does not stand in the charter.")
        raw = canonical.encode(assertion.model_dump(mode="json"))
        CharterSignature.objects.create(
            charter=charter, person=person, credential_id=token.credential_id, assertion=raw
        )
        log.record(
            Event.CHARTER_SIGNED,
            f"{person.name} signed the charter of {charter.name}, version {charter.version}.",
            about=about_charter(charter),
            actor=person,
            document=raw,
        )
        if charter.version == 1 and charter.kind != AuthorityChoices.ZONE and not unsigned(charter):
            _found(charter)
        return charter


def bring_zone_into_force(*, hash_: str) -> CharterVersion:
    """Put a zone's founding charter into force: its founding was authorised. In the caller's transaction."""
    charter = CharterVersion.objects.select_for_update(no_key=True).get(
        hash=hash_, state=CharterState.COLLECTING, kind=AuthorityChoices.ZONE
    )
    _found(charter)
    return charter


def bring_amendment_into_force(*, hash_: str, warrant: bytes) -> CharterVersion:
    """Put the next version of a charter into force by its warrant. In the caller's transaction.

    Raises Refused if it does not follow.
    """
    collecting = CharterVersion.objects.select_for_update(no_key=True).filter(state=CharterState.COLLECTING)
    charter = collecting.filter(hash=hash_).first()
    if charter is None:
        raise CharterRefused("given-up", "The new version of the charter was given up.")
    current = CharterVersion.objects.select_for_update(no_key=True).get(
        authority=charter.authority, state=CharterState.IN_FORCE
    )
    charter.warrant = warrant
    verify_amendment(document_of(current), link_of(charter))
    current.state = CharterState.SUPERSEDED
    current.save(update_fields=["state"])
    _put_into_force(charter)
    return charter


def discard_charter(*, charter: CharterVersion, by: Person) -> None:
    """Give up a charter that collects signatures, and that no proposal waits to put into force."""
    with transaction.atomic():
        charter = CharterVersion.objects.select_for_update(no_key=True).get(pk=charter.pk)
        if charter.state != CharterState.COLLECTING:
            raise WrongState("not-collecting", "This charter no longer collects signatures.")
        if waits_for_proposal(charter):
            raise WrongState(
                "proposed", "A proposal to put this version into force waits; cancel that first."
            )
        if by.id not in document_of(charter).persons and by != charter.created_by:
            raise NotAllowed("not-in-charter", "Only its author, or who stands in it, gives up a charter.")
        charter.state = CharterState.DISCARDED
        charter.save(update_fields=["state"])
        log.record(
            Event.CHARTER_DISCARDED,
            f"The charter of {charter.name}, version {charter.version}, was given up.",
            about=about_charter(charter),
            actor=by,
        )


def waits_for_proposal(charter: CharterVersion) -> bool:
    """Whether a proposal that would put this draft into force is open, or waits out its delay."""
    open_ones = models.Proposal.objects.filter(
        operation__in=[*tags.CHANGE_CHARTERS, tags.FOUND_ZONE], state__in=[State.PROPOSED, *RUNNING_STATES]
    )
    return any(one.document.parameters["charter"] == charter.hash for one in open_ones)


def about_charter(charter: CharterVersion) -> About:
    """A log entry about a charter."""
    if charter.zone is not None:
        service = charter.zone.service
        return About("charter", charter.id, service.provider_id, service.customer_id)
    return log.about_within(charter.organisation, "charter", charter.id)


def _found(charter: CharterVersion) -> None:
    here = deployment.current()
    verify_founding(link_of(charter), deployment=here.id, demo=here.demo)
    _put_into_force(charter)


def _put_into_force(charter: CharterVersion) -> None:
    _hand_over(charter)
    charter.state = CharterState.IN_FORCE
    charter.in_force_at = clock.now()
    charter.save(update_fields=["state", "in_force_at", "warrant"])
    log.record(
        Event.CHARTER_IN_FORCE,
        f"The charter of {charter.name}, version {charter.version}, is in force.",
        about=about_charter(charter),
        document=link_of(charter).raw,
    )


def roles_sorted(roles: Iterable[Role]) -> Sequence[Role]:
    """Roles in the order in which charters state them."""
    return tuple(sorted(set(roles)))


def _hand_over(charter: CharterVersion) -> None:
    """Note that another side controls a zone from now on, if this version says so."""
    zone, terms = charter.zone, document_of(charter).zone
    if zone is None or terms is None or zone.controller == terms.controller:
        return
    zone.controller = terms.controller
    zone.save(update_fields=["controller"])
    log.record(
        Event.ZONE_HANDED_OVER,
        f"The zone {zone.name} is controlled by {side_in_control(terms).name} from now on.",
        about=About("zone", zone.id, zone.service.provider_id, zone.service.customer_id),
    )
