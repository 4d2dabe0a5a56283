"""Applications as the console knows them: a node says that it admitted one."""

from hsmnodes import suspending
from hsmnodes.models import Application as ApplicationRow
from hsmnodes.models import ApplicationSuspension, Key
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.purposes import Purpose
from tenants.models import Proposal, TrustZone
from tests.cast.applications import Application
from tests.cast.people import DINA, EMIL, FAY, Member
from tests.world.nodes import NodeOfWorld, attachment
from tests.world.world import World

KIT, PIN, SHARED = b"a kit", b"a sealed PIN", b"a PIN for the others"


def admit(
    world: World, zone: TrustZone, node: NodeOfWorld, *others: NodeOfWorld, name: str = "webshop"
) -> Proposal:
    """The application, admitted to the zone's last key; returns the proposal it was admitted by.

    Of several nodes, the first alone has answered.
    """
    made, key = Application.make(name), Key.objects.filter(zone=zone).first()
    parameters = {
        "zone": {"id": zone.id, "name": zone.name},
        "application": made.named.model_dump(),
        **made.request,
        "keys": [{"id": key.id, "label": key.label, "usages": ["sign"]}],
    }
    proposal = world.propose("application.admit/v1", parameters, by=DINA, nodes=[node, *others])
    proposal = world.approve(proposal, EMIL, FAY)
    results = {
        "application": parameters["application"],
        "token": made.named.id,
        "keys": parameters["keys"],
        "kit_sha256": canonical.sha256_hex(KIT),
        "pin_sha256": canonical.sha256_hex(PIN),
    }
    if others:
        results["shared_pin_sha256"] = canonical.sha256_hex(SHARED)
    beside = [attachment(KIT, name=f"{made.named.id}.kit"), attachment(PIN, name=f"{made.named.id}.pin")]
    beside += [attachment(SHARED, name=f"{made.named.id}.shared")] if others else []
    node.answer(proposal, results=results, attachments=beside)
    return Proposal.objects.get(pk=proposal.pk)


def admit_further(proposal: Proposal, node: NodeOfWorld, step: int = 1) -> None:
    """Another node of the zone says that it admitted the application of this proposal, too."""
    parameters = proposal.document.parameters
    application = parameters["application"]
    results = {
        "application": application,
        "token": application["id"],
        "keys": parameters["keys"],
        "kit_sha256": canonical.sha256_hex(KIT + b" of another"),
        "pin_sha256": canonical.sha256_hex(PIN + b" of another"),
    }
    beside = [
        attachment(KIT + b" of another", name=f"{application['id']}.kit"),
        attachment(PIN + b" of another", name=f"{application['id']}.pin"),
    ]
    node.answer(proposal, step=step, results=results, attachments=beside)


def suspend(world: World, application: ApplicationRow, member: Member = DINA) -> ApplicationSuspension:
    """What the member signs at the desk, so that an application is not served any more."""
    person = world.person(member)
    statement = suspending.draft_statement(
        application=application, by=person, reason="Its host was broken into."
    )
    assertion = member.key.sign(Purpose.SUSPEND, statement.raw)
    return suspending.suspend(statement=statement.raw, assertion=assertion, person=person)
