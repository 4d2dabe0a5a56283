"""Suspending an application: one key manager of its zone signs, and every node that has the zone is told.

A quorum lifts it (`application.resume/v1`). Whether it holds, each node decides for itself.
"""

from django.db import transaction
from django.db.models import QuerySet

from hsmnodes import dispatch
from hsmnodes.models import Application, ApplicationSuspension
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.charters import authority_at
from hsmnodes.node.protocol.documents import ApplicationSuspensionStatement, Assertion
from hsmnodes.node.protocol.documents import Suspension as SuspensionDocument
from hsmnodes.node.protocol.purposes import Purpose, challenge
from hsmnodes.node.protocol.suspensions import check_application_suspension, may_suspend_applications
from tenants import access, charters, clock, log, tokens
from tenants.errors import NotAllowed, NotVisible, WrongState
from tenants.identifiers import new_id
from tenants.log import About, Event
from tenants.models import Person, Proposal, Severity


def may_suspend(person: Person, application: Application) -> bool:
    """Whether the person's signature would suspend the application."""
    version = access.charter_in_force(application.zone_id)
    return version is not None and may_suspend_applications(charters.document_of(version), person.id)


def in_force(application: Application) -> QuerySet[ApplicationSuspension]:
    """What suspends an application, the latest first."""
    return application.suspensions.filter(lifted_at=None).select_related("by")


def draft_statement(*, application: Application, by: Person, reason: str) -> ApplicationSuspensionStatement:
    """What `by` is to sign. Raises NotAllowed and WrongState."""
    if not may_suspend(by, application):
        raise NotAllowed(
            "not-entitled", "Only who could sign the removal of an application of this zone suspends it."
        )
    if application.removed_at is not None:
        raise WrongState("removed", "The application is removed already.")
    version = access.charter_in_force(application.zone_id)
    if version is None:
        raise NotVisible
    charter = charters.document_of(version)
    return ApplicationSuspensionStatement(
        deployment=charter.deployment,
        demo=charter.demo,
        authority=authority_at(charter),
        application=application.named(),
        by=by.named(),
        reason=reason,
        at=clock.unix_now(),
    )


def suspend(*, statement: bytes, assertion: Assertion, person: Person) -> ApplicationSuspension:
    """Take a suspension that the person signed at the desk. Raises Refused and domain errors."""
    document = SuspensionDocument(statement=canonical.b64u(statement), assertion=assertion)
    stated = document.stated_of_application
    tokens.check_assertion(assertion, challenge=challenge(Purpose.SUSPEND, statement), person=person)
    application = (
        Application.objects.filter(pk=stated.application.id, zone=stated.authority.id)
        .select_related("zone__service")
        .first()
    )
    versions = charters.that_were_in_force(stated.authority.id)[::-1]
    if application is None or not versions or application.name != stated.application.name:
        raise NotVisible
    suspended = tokens.not_counting(versions[-1].by_credential, [stated.authority.id])
    check_application_suspension(document, versions, suspended=suspended)
    with transaction.atomic():
        Application.objects.select_for_update(no_key=True).get(pk=application.pk)
        known = application.suspensions.filter(statement_hash=stated.sha256).first()
        if known is not None:
            return known
        made = ApplicationSuspension.objects.create(
            id=new_id(),
            application=application,
            by=person,
            reason=stated.reason,
            raw=document.raw,
            statement_hash=stated.sha256,
            at=clock.now(),
        )
        service = application.zone.service
        log.record(
            Event.APPLICATION_SUSPENDED,
            f"{person.name} suspended the application {application.name} of {application.zone.name}, on "
            f"every HSM: {stated.reason}",
            about=About("zone", application.zone_id, service.provider_id, service.customer_id),
            actor=person,
            document=document.raw,
            severity=Severity.ALARM,
        )
        dispatch.send_application_suspension(made)
    return made


def lift(*, proposal: Proposal, statements: list[str]) -> None:
    """Note that a quorum lifted suspensions, by the hashes of their statements. In a transaction."""
    held = ApplicationSuspension.objects.filter(
        application__zone=proposal.zone, statement_hash__in=statements, lifted_at=None
    )
    held.update(lifted_at=clock.now(), lifted_by=proposal)
