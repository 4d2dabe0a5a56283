"""Heartbeats: what a node says of itself, and whether it is in step with what is in force here."""

from datetime import datetime, timedelta

from django.db import transaction

from hsmnodes import dispatch, history, relay
from hsmnodes.models import MessageKind, Node, OutboxMessage
from hsmnodes.node.agent.messages import FromNode
from hsmnodes.node.protocol.documents import Heartbeat
from hsmnodes.node.protocol.errors import Refused
from tenants import clock, deployment, execution, log
from tenants.log import Event
from tenants.models import CharterState, CharterVersion, Proposal

RELAY_EVERY = timedelta(minutes=5)  # a head that has moved is shown at once
SHOW_EVERY = timedelta(seconds=20)
"""How often other members of its cluster are shown a heartbeat: they judge by it whether they are in step."""
REMIND_EVERY = timedelta(seconds=30)
MOST_SECONDS = 2**31 - 1


def take_heartbeat(node: Node, payload: bytes, message: FromNode) -> None:
    """Take a heartbeat whose signature by `node` was verified. An older one than the last is left alone.

    Raises Refused if it is of another deployment or node, or dated so far ahead that it would have those
    that follow be left alone.
    """
    heartbeat = Heartbeat.from_bytes(payload)
    if heartbeat.deployment != deployment.current().id or heartbeat.node != node.named():
        raise Refused("other-node", "The heartbeat names another deployment or node.")
    with transaction.atomic():
        node = (
            Node.objects.select_for_update(of=("self",), no_key=True)
            .select_related("provider")
            .get(pk=node.pk)
        )
        at = _dated(heartbeat)
        if node.reported_at is not None and at < node.reported_at:
            return
        started = heartbeat.state == "starting" and node.reported_state != "starting"
        moved = heartbeat.journal.hash != node.journal_hash or heartbeat.state != node.reported_state
        _note_going_back(node, heartbeat)
        behind = _charters_behind(heartbeat)
        _store(node, heartbeat, message.envelope.raw, out_of_step=_reason(behind))
        _catch_up(node, behind, started=started)
        _note_work(node, heartbeat)
    if moved or _is_due(node.relayed_at, RELAY_EVERY):
        relay.pass_on_heartbeat(node, message)
    elif node.cluster_id is not None and _is_due(node.shown_at, SHOW_EVERY):
        relay.show_to_members(node, message)


def _is_due(last: datetime | None, every: timedelta) -> bool:
    return last is None or clock.now() - last > every


def _dated(heartbeat: Heartbeat) -> datetime:
    """Its time, and now for one that is dated ahead: it must not keep those that follow from being taken."""
    return min(clock.from_unix(heartbeat.at), clock.now())


def _store(node: Node, heartbeat: Heartbeat, raw: bytes, *, out_of_step: str) -> None:
    node.last_heartbeat = raw
    node.last_seen_at, node.reported_at = clock.now(), _dated(heartbeat)
    node.reported_state, node.reported_reason = heartbeat.state, heartbeat.reason
    node.reported_enrolled, node.witness = heartbeat.enrolled, heartbeat.witness
    node.journal_sequence, node.journal_hash = heartbeat.journal.sequence, heartbeat.journal.hash
    node.out_of_step_reason = out_of_step
    node.charters = [head.model_dump(mode="json") for head in heartbeat.charters]
    node.slots, node.slots_used = heartbeat.capacity.slots, heartbeat.capacity.slots_used
    node.keys_held = heartbeat.capacity.keys
    node.versions = heartbeat.versions.model_dump()
    node.zones_held = [held.model_dump() for held in heartbeat.zones or ()]
    node.serves_applications = heartbeat.endpoint is True
    node.figures = heartbeat.figures.model_dump(exclude_none=True) if heartbeat.figures else {}
    ahead = heartbeat.at - int(node.last_seen_at.timestamp())
    node.clock_difference = max(-MOST_SECONDS, min(ahead, MOST_SECONDS))
    history.note_heartbeat(node)
    node.member_of = heartbeat.member_of.model_dump() if heartbeat.member_of is not None else None
    node.standings = [one.model_dump() for one in heartbeat.standings or ()]
    node.save()


def _note_going_back(node: Node, heartbeat: Heartbeat) -> None:
    """A journal that is shorter than before, or differs at the same length, was restored or rewritten."""
    went_back = heartbeat.journal.sequence < node.journal_sequence or (
        heartbeat.journal.sequence == node.journal_sequence
        and node.journal_hash
        and heartbeat.journal.hash != node.journal_hash
    )
    if went_back:
        log.alarm(
            Event.JOURNAL_WENT_BACK,
            f"The journal of {node.name} went back from entry {node.journal_sequence} to "
            f"{heartbeat.journal.sequence}: an older state was restored.",
            about=log.about_within(node.provider, "node", node.id),
            before={"sequence": node.journal_sequence, "hash": node.journal_hash},
            after=heartbeat.journal.model_dump(),
        )


def _note_work(node: Node, heartbeat: Heartbeat) -> None:
    if heartbeat.at_work is None:
        return
    proposal = Proposal.objects.filter(pk=heartbeat.at_work, node=node.pk).first()
    if proposal is not None:
        execution.mark_executing(proposal=proposal)


def _charters_behind(heartbeat: Heartbeat) -> list[CharterVersion]:
    """The charters in force that the node goes by in another version; as a rule there are none to read."""
    held = {head.id: head.hash for head in heartbeat.charters}
    current = CharterVersion.objects.filter(authority__in=held, state=CharterState.IN_FORCE)
    others = current.exclude(hash__in=held.values())
    return [charter for charter in others if held[charter.authority] != charter.hash]


def _reason(behind: list[CharterVersion]) -> str:
    if not behind:
        return ""
    names = ", ".join(sorted(charter.name for charter in behind))
    return f"It goes by another version of the charter of {names} than the one in force."


def _catch_up(node: Node, behind: list[CharterVersion], *, started: bool) -> None:
    """Send what the node lacks: newer charters, and after a start its peers, whom it may have missed."""
    if started and node.enrolled_at is not None:
        dispatch.introduce(node)
        relay.show_members(node)
    if not behind:
        return
    lately = OutboxMessage.objects.filter(
        node=node, kind=MessageKind.CHARTERS, created_at__gt=clock.now() - REMIND_EVERY
    )
    if not lately.exists():
        for charter in behind:
            dispatch.send_charters(charter.authority, [node])
