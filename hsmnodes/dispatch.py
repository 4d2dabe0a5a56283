"""What an authorised proposal sets off for nodes, written in the transaction that authorises it."""

from collections.abc import Iterable

from hsmnodes import outbox, steps
from hsmnodes.models import ApplicationSuspension, MessageKind, Node
from hsmnodes.node.agent.messages import (
    CancellationMessage,
    ChartersMessage,
    PeerMessage,
    SuspensionMessage,
)
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import AuthorityKind
from tenants import charters, execution, suspensions, tags
from tenants.models import Cancellation, CharterVersion, Proposal, State, Suspension


def register() -> None:
    """Stand in the workflow's hooks; called once, when the app is ready."""
    execution.when_authorised(send_warrant)
    execution.when_delayed(announce)
    execution.when_cancelled(send_cancellation)
    suspensions.when_suspended(send_suspension)


def send_warrant(proposal: Proposal) -> None:
    """Put the warrant into the outbox of the nodes whose turn it is; after an amendment, the new charter.

    An enrolment pins the identity of its node: from now on only that key signs in the node's name here.
    """
    if proposal.operation in tags.CHANGE_CHARTERS:
        send_charters(proposal.document.parameters["authority"]["id"], _concerned(proposal))
        return
    if proposal.operation == tags.ENROL_NODE:
        parameters = proposal.document.parameters
        Node.objects.filter(pk=parameters["node"]["id"], enrolled_at=None).update(
            identity=parameters["identity"]
        )
    steps.send_ready(proposal)


def announce(proposal: Proposal) -> None:
    """Show the nodes an amendment or a recovery that waits, so that its delay runs for them too.

    The charters of other sides come along: a node that does not know them yet would not take their consent.
    """
    if proposal.operation not in tags.CHANGE_CHARTERS:
        return
    version = CharterVersion.objects.get(hash=proposal.document.parameters["charter"])
    version.warrant = bytes(proposal.warrant)
    coming = canonical.b64u(charters.link_of(version).raw)
    known = steps.links_of(authority.id for authority in proposal.document.authorities)
    message = ChartersMessage(charters=(*known, coming)).text()
    for node in _concerned(proposal):
        outbox.put(node=node, kind=MessageKind.CHARTERS, message=message)


def _concerned(proposal: Proposal) -> list[Node]:
    """The nodes that a proposal names; of an amendment, those that go by the charter."""
    if proposal.operation in tags.CHANGE_CHARTERS:
        authority = proposal.document.parameters["authority"]
        return nodes_that_pin(authority["kind"], authority["id"])
    return [Node.objects.get(pk=named.id, provider=proposal.provider) for named in proposal.document.nodes]


def _coming(proposal: Proposal) -> str | None:
    """The charter that a proposal is to bring into force, if it is such."""
    if proposal.operation not in tags.CHANGE_CHARTERS:
        return None
    version = CharterVersion.objects.get(hash=proposal.document.parameters["charter"])
    return canonical.b64u(bytes(version.raw))


def send_cancellation(proposal: Proposal, cancellation: Cancellation) -> None:
    """Send a cancellation after the warrant it is to stop, and that again, if it waits: to be refused now."""
    message = CancellationMessage(
        proposal=canonical.b64u(bytes(proposal.raw)),
        cancellation=canonical.b64u(bytes(cancellation.raw)),
        request=proposal.request_assertion,
        coming=_coming(proposal),
    )
    for node in _concerned(proposal):
        outbox.put(node=node, kind=MessageKind.CANCELLATION, message=message.text(), proposal=proposal)
    if proposal.state == State.DELAYED:
        outbox.hasten(proposal)


def send_suspension(suspension: Suspension) -> None:
    """Tell every node that goes by the charter concerned."""
    _suspend(suspension_message(suspension), nodes_that_pin(suspension.kind, suspension.authority))


def send_application_suspension(suspension: ApplicationSuspension) -> None:
    """Tell every node that has the application's zone, also those where the application is still to come."""
    zone = suspension.application.zone_id
    _suspend(application_suspension_message(suspension), nodes_that_pin(AuthorityKind.ZONE, zone))


def _suspend(message: str, nodes: Iterable[Node]) -> None:
    for node in nodes:
        outbox.put(node=node, kind=MessageKind.SUSPENSION, message=message)


def suspension_message(suspension: Suspension) -> str:
    """A suspension as a node takes it, also by `quorate-node accept`."""
    return _suspension_message(suspension.raw, suspension.authority)


def application_suspension_message(suspension: ApplicationSuspension) -> str:
    """A suspension of an application as a node takes it, likewise."""
    return _suspension_message(suspension.raw, suspension.application.zone_id)


def _suspension_message(raw: bytes, authority: str) -> str:
    suspension = canonical.b64u(bytes(raw))
    return SuspensionMessage(suspension=suspension, charters=steps.links_of([authority])).text()


def send_charters(authority: str, nodes: Iterable[Node]) -> None:
    """Send the charters of an organisation or zone, from the founding one on."""
    message = ChartersMessage(charters=steps.links_of([authority])).text()
    for node in nodes:
        outbox.put(node=node, kind=MessageKind.CHARTERS, message=message)


def introduce(node: Node) -> None:
    """Tell an enrolled node and its peers of each other, by the warrants that enrolled them."""
    for peer in Node.objects.filter(provider=node.provider, enrolled_at__isnull=False).exclude(pk=node.pk):
        send_peer(about=node, to=peer)
        send_peer(about=peer, to=node)


def send_peer(*, about: Node, to: Node) -> None:
    """Send one node the enrolment of another."""
    enrolment = enrolment_of(about.id)
    if enrolment is None:
        return
    message = PeerMessage(
        warrant=canonical.b64u(bytes(enrolment.warrant)), charters=steps.links_of([about.provider_id])
    )
    outbox.put(node=to, kind=MessageKind.PEER, message=message.text(), proposal=enrolment)


def enrolment_of(node: str) -> Proposal | None:
    """The proposal by which the node with this id was enrolled."""
    return Proposal.objects.filter(operation=tags.ENROL_NODE, node=node, state=State.DONE).first()


def nodes_that_pin(kind: str, authority: str) -> list[Node]:
    """The enrolled nodes that go by the charter of an organisation or zone."""
    enrolled = Node.objects.filter(enrolled_at__isnull=False)
    match kind:
        case AuthorityKind.PROVIDER:
            found = enrolled.filter(provider=authority)
        case AuthorityKind.CUSTOMER:
            found = enrolled.filter(placements__service__customer=authority)
        case _:
            found = enrolled.filter(zone_slots__zone=authority, zone_slots__removed_at=None)
    return list(found.distinct())
