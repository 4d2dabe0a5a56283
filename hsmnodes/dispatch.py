"""What an authorised proposal sets off for nodes, written in the transaction that authorises it."""

from collections.abc import Iterable

from hsmnodes import backups, outbox
from hsmnodes.models import MessageKind, Node, OutboxMessage
from hsmnodes.node.agent.messages import (
    CancellationMessage,
    ChartersMessage,
    PeerMessage,
    WarrantMessage,
)
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import AuthorityKind
from tenants import charters, execution, tags
from tenants.models import Cancellation, Proposal, State


def register() -> None:
    """Stand in the workflow's hooks; called once, when the app is ready."""
    execution.when_authorised(send_warrant)
    execution.when_cancelled(send_cancellation)


def send_warrant(proposal: Proposal) -> None:
    """Put the warrant into the outbox of each node it names; after an amendment, the new charter.

    An enrolment pins the identity of its node: from now on only that key signs in the node's name here.
    """
    if proposal.operation == tags.AMEND_CHARTER:
        authority = proposal.document.parameters["authority"]
        send_charters(authority["id"], nodes_that_pin(authority["kind"], authority["id"]))
        return
    if proposal.operation == tags.ENROL_NODE:
        parameters = proposal.document.parameters
        Node.objects.filter(pk=parameters["node"]["id"], enrolled_at=None).update(
            identity=parameters["identity"]
        )
    for step, named in enumerate(proposal.document.nodes):
        node = Node.objects.get(pk=named.id, provider=proposal.provider)
        earlier = OutboxMessage.objects.filter(
            node=node, proposal=proposal, step=step, kind=MessageKind.WARRANT
        ).first()
        if earlier is not None:
            outbox.put_again(earlier)
            continue
        message = WarrantMessage(
            step=step,
            warrant=canonical.b64u(bytes(proposal.warrant)),
            charters=links_of(_authorities(proposal)),
            enclosure=canonical.b64u(backups.enclosure_of(proposal)),
        )
        outbox.put(node=node, kind=MessageKind.WARRANT, message=message.text(), proposal=proposal, step=step)


def send_cancellation(proposal: Proposal, cancellation: Cancellation) -> None:
    """Send a cancellation after the warrant it is to stop."""
    message = CancellationMessage(
        proposal=canonical.b64u(bytes(proposal.raw)),
        cancellation=canonical.b64u(bytes(cancellation.raw)),
        request=proposal.request_assertion,
    )
    for named in proposal.document.nodes:
        node = Node.objects.get(pk=named.id, provider=proposal.provider)
        outbox.put(node=node, kind=MessageKind.CANCELLATION, message=message.text(), proposal=proposal)


def send_charters(authority: str, nodes: Iterable[Node]) -> None:
    """Send the charters of an organisation or zone, from the founding one on."""
    message = ChartersMessage(charters=links_of([authority])).text()
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
        warrant=canonical.b64u(bytes(enrolment.warrant)), charters=links_of([about.provider_id])
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
            found = enrolled.filter(zone_slots__zone=authority)
    return list(found.distinct())


def links_of(authorities: Iterable[str]) -> tuple[str, ...]:
    """The whole chains of these authorities' charters, as a message carries them."""
    return tuple(
        canonical.b64u(link.raw) for authority in authorities for link in charters.chain_of(authority)
    )


def _authorities(proposal: Proposal) -> list[str]:
    """Whose charters the node may need: those that consented, and for a slot the customer's."""
    wanted = [authority.id for authority in proposal.document.authorities]
    if proposal.provider_id not in wanted:
        wanted.append(proposal.provider_id)
    if proposal.customer_id and proposal.customer_id not in wanted:
        wanted.append(proposal.customer_id)
    return wanted
