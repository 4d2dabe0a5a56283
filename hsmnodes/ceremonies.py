"""Ceremonies on the console: the node's question is kept and shown, contributions are passed on sealed.

What a share is, the console never learns: it checks who gives it, and carries what only the node can open.
"""

from typing import Any

from django.db import transaction

from hsmnodes import outbox
from hsmnodes.access import visible_ceremonies
from hsmnodes.models import Ceremony, Contribution, ContributionOutcome, MessageKind, Node
from hsmnodes.node.agent.messages import ContributionMessage, FromNode
from hsmnodes.node.operations.registry import operation
from hsmnodes.node.protocol import canonical, documents
from hsmnodes.node.protocol.contributions import check_contribution
from hsmnodes.node.protocol.documents import Assertion, ContributionAnswer
from hsmnodes.node.protocol.documents.ceremonies import Holder
from hsmnodes.node.protocol.errors import Refused
from tenants import charters, clock, deployment, log, tokens
from tenants.errors import NotAllowed, SignatureNotAccepted, WrongState
from tenants.identifiers import new_id
from tenants.log import Event
from tenants.models import RUNNING_STATES, Person, Proposal


class CeremonyRefused(Refused):
    """A question or answer with a good signature that does not fit what was asked of the node."""


def take_ceremony(node: Node, payload: bytes, message: FromNode) -> None:
    """Take a question whose signature by `node` was verified; one that is known already changes nothing.

    Raises Refused if no warrant was sent to this node that it could be about.
    """
    document = documents.Ceremony.from_bytes(payload)
    with transaction.atomic():
        proposal = Proposal.objects.select_for_update(no_key=True).filter(pk=document.proposal).first()
        if proposal is None or not proposal.warrant:
            raise CeremonyRefused("unknown-proposal", "It is about a proposal that was not authorised here.")
        _check_fits(node, document, proposal)
        known = Ceremony.objects.filter(proposal=proposal).first()
        if known is not None and known.hash != document.sha256:
            raise CeremonyRefused("second-ceremony", "The node has put another question for this proposal.")
        if known is None:
            _keep(node, document, proposal, message)


def may_contribute(ceremony: Ceremony, person: Person) -> Holder | None:
    """The share that `person` could still give, by a token that is not suspended; None if there is none."""
    if not is_open(ceremony):
        return None
    given = set(
        ceremony.contributions.exclude(outcome=ContributionOutcome.REFUSED).values_list("index", flat=True)
    )
    if len(given) >= ceremony.asked:
        return None
    holders = ceremony.document().holders
    own = set(person.tokens.values_list("credential_id", flat=True))
    usable = own - tokens.not_counting(own, [ceremony.zone_id])
    return next(
        (
            one
            for one in holders
            if one.custodian.id == person.id and one.index not in given and one.credential_id in usable
        ),
        None,
    )


def waiting_for(person: Person) -> list[Ceremony]:
    """The ceremonies at which a share of `person` is asked for now, oldest first."""
    running = visible_ceremonies(person).filter(
        proposal__state__in=RUNNING_STATES, expires_at__gt=clock.now()
    )
    found = running.select_related("proposal", "zone", "node").order_by("opened_at")
    return [one for one in found if may_contribute(one, person) is not None]


def is_open(ceremony: Ceremony) -> bool:
    """Whether the node still takes shares, as far as the console knows."""
    return ceremony.proposal.is_running and ceremony.expires_at > clock.now()


def draft_contribution(*, ceremony: Ceremony, person: Person) -> documents.Contribution:
    """What `person` is to sign at the desk. Raises NotAllowed if no share of theirs is asked for."""
    holder = may_contribute(ceremony, person)
    if holder is None:
        raise NotAllowed("not-wanted", "No share of yours is asked for here, or it was given already.")
    asked = ceremony.document()
    return documents.Contribution(
        deployment=asked.deployment,
        demo=asked.demo,
        ceremony=ceremony.hash,
        proposal=asked.proposal,
        node=asked.node,
        zone=asked.zone,
        epoch=asked.epoch,
        share_set=asked.share_set,
        index=holder.index,
        person=holder.custodian,
        credential_id=holder.credential_id,
        nonce=new_id(),
        at=clock.unix_now(),
    )


@transaction.atomic
def contribute(
    *, ceremony: Ceremony, person: Person, document: bytes, assertion: Assertion, sealed: bytes
) -> Contribution:
    """Pass a contribution on to the node, once it is certain whose it is.

    Raises NotAllowed, WrongState or SignatureNotAccepted; then nothing was passed on.
    """
    locked = Ceremony.objects.select_for_update(no_key=True).get(pk=ceremony.pk)
    given = documents.Contribution.from_bytes(document)
    if not is_open(locked):
        raise WrongState("ceremony-over", "The ceremony has come to its end; no more shares are taken.")
    wanted = may_contribute(locked, person)
    if wanted is None or given.person.id != person.id:
        raise NotAllowed("not-wanted", "No share of yours is asked for here, or it was given already.")
    zone = charters.in_force([locked.zone_id]).get(locked.zone_id)
    if zone is None:
        raise WrongState("no-charter", "The Trust Zone has no charter in force.")
    try:
        check_contribution(given, assertion, ceremony=locked.document(), zone=zone)
    except Refused as refused:
        raise SignatureNotAccepted(refused.code, refused.message) from None
    row = outbox.put(
        node=locked.node,
        kind=MessageKind.CONTRIBUTION,
        message=ContributionMessage(
            contribution=canonical.b64u(document), assertion=assertion, sealed=canonical.b64u(sealed)
        ).text(),
        proposal=locked.proposal,
        step=locked.document().step,
    )
    made = Contribution.objects.create(
        ceremony=locked,
        person=person,
        index=given.index,
        raw=document,
        assertion=assertion.model_dump(),
        hash=given.sha256,
        message=row,
        at=clock.now(),
    )
    log.record(
        Event.SHARE_CONTRIBUTED,
        f"{person.name} gave share {given.index} to the ceremony of {locked.zone.name}, sealed to "
        f"{locked.node.name}.",
        about=log.about_proposal(locked.proposal),
        actor=person,
        document=document,
    )
    return made


def take_answer(node: Node, payload: bytes, message: FromNode) -> None:
    """Take what a node said to a contribution; its signature was verified. Raises Refused."""
    answer = ContributionAnswer.from_bytes(payload)
    with transaction.atomic():
        made = (
            Contribution.objects.select_for_update(of=("self",), no_key=True)
            .select_related("ceremony__proposal", "message", "person")
            .filter(hash=answer.contribution, ceremony__hash=answer.ceremony, ceremony__node=node)
            .first()
        )
        if made is None or (answer.deployment, answer.node) != (deployment.current().id, node.named()):
            raise CeremonyRefused("unknown-contribution", "It answers what was never sent to this node.")
        if made.outcome != ContributionOutcome.SENT:
            return
        made.outcome, made.code, made.detail = answer.outcome, answer.code or "", answer.detail
        made.answer, made.answered_at = message.envelope.raw, clock.from_unix(answer.at)
        made.save(update_fields=["outcome", "code", "detail", "answer", "answered_at"])
        outbox.settle_message(made.message)
        accepted = answer.outcome == ContributionOutcome.ACCEPTED
        report = log.record if accepted else log.alarm
        report(
            Event.SHARE_TAKEN if accepted else Event.SHARE_REFUSED,
            f"{node.name}: {answer.detail}",
            about=log.about_proposal(made.ceremony.proposal),
            document=message.envelope.raw,
        )


def _check_fits(node: Node, document: documents.Ceremony, proposal: Proposal) -> None:
    asked = proposal.document
    zone: Any = asked.parameters.get("zone")
    if document.deployment != asked.deployment or document.node != node.named():
        raise CeremonyRefused("other-node", "The question names another deployment or node.")
    if (document.proposal_hash, document.operation) != (proposal.hash, proposal.operation):
        raise CeremonyRefused("other-proposal", "It is about other bytes than those that were signed.")
    if not operation(proposal.operation).gathers or zone != document.zone.model_dump():
        raise CeremonyRefused("not-asked-for", "This operation needs no shares, or those of another zone.")
    if document.step >= len(asked.nodes) or asked.nodes[document.step].id != node.id:
        raise CeremonyRefused("other-step", "The question is for a step that is not this node's.")


def _keep(node: Node, document: documents.Ceremony, proposal: Proposal, message: FromNode) -> None:
    Ceremony.objects.create(
        proposal=proposal,
        node=node,
        zone_id=document.zone.id,
        raw=document.raw,
        envelope=message.envelope.raw,
        hash=document.sha256,
        asked=document.asked,
        opened_at=clock.from_unix(document.opened_at),
        expires_at=clock.from_unix(document.expires_at),
    )
    log.record(
        Event.CEREMONY_OPENED,
        f"{node.name} asks for {document.asked} shares of the backup key of {document.zone.name}.",
        about=log.about_proposal(proposal),
        document=message.envelope.raw,
    )
