"""Drafts: from what a person or program asks for to the exact bytes that a person will sign.

With an Idempotency-Key a request makes one draft however often it is sent, also at the same moment: the key
is a unique row that is written in the transaction of the draft.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from rest_framework import serializers

from console.api.fields import IdField
from console.models import DraftKey
from hsmnodes.access import visible_nodes
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import NodeAt
from hsmnodes.node.protocol.documents.base import LONGEST_LIFETIME, REASON_MAX, plain_text
from tenants import clock, workflow
from tenants.access import Viewer
from tenants.drafting import build_proposal
from tenants.errors import Invalid, NotAllowed, WrongState
from tenants.models import Person, Program, Proposal, State

KEY = re.compile(r"[\x21-\x7e]{1,200}")
KEPT = timedelta(days=7)
# What a program may have waiting for people: a mistake in a loop stops here, not in the database.
DRAFTS_OF_A_PROGRAM = 200


class DraftSerializer(serializers.Serializer[Any]):
    """What is to be proposed. `parameters` are those of the operation (/operations has their schema)."""

    operation = serializers.CharField(max_length=80)
    parameters = serializers.DictField()
    reason = serializers.CharField(max_length=REASON_MAX, trim_whitespace=False)
    nodes = serializers.ListField(child=IdField(), max_length=64, required=False, default=list)
    lifetime = serializers.IntegerField(
        min_value=60, max_value=LONGEST_LIFETIME, required=False, help_text="Seconds it can be signed."
    )
    requester = IdField(required=False, help_text="For programs: the person who is to propose it.")

    def validate_reason(self, reason: str) -> str:
        """A reason that documents can state."""
        try:
            return plain_text(reason)
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from None


def draft_once(viewer: Viewer, wanted: Mapping[str, Any], *, key: str | None) -> tuple[Proposal, bool]:
    """The draft, and whether it is new or the one that was made with `key` before.

    Raises what `tenants.drafting` raises; Invalid for a key that is none; WrongState for one that was used
    for something else.
    """
    if key is None:
        return _draft(viewer, wanted, None), True
    if not KEY.fullmatch(key):
        raise Invalid("bad-idempotency-key", "An Idempotency-Key has 1 to 200 visible ASCII characters.")
    kept = DraftKey(
        caller=viewer.id, key=key, request_hash=canonical.sha256_hex(canonical.encode(dict(wanted)))
    )
    before = _made_before(kept)
    if before is not None:
        return before, False
    try:
        return _draft(viewer, wanted, kept), True
    except IntegrityError:
        before = _made_before(kept)
        if before is None:
            raise
        return before, False


@transaction.atomic
def _draft(viewer: Viewer, wanted: Mapping[str, Any], kept: DraftKey | None) -> Proposal:
    requester = _requester(viewer, wanted.get("requester"))
    document = build_proposal(
        operation=wanted["operation"],
        parameters=wanted["parameters"],
        requester=requester,
        reason=wanted["reason"],
        nodes=_nodes(viewer, wanted["nodes"]),
        lifetime=wanted.get("lifetime"),
    )
    if kept is not None:
        # Before the draft, so that of two at the same moment one waits here and then finds the other's.
        DraftKey.objects.filter(created_at__lt=clock.now() - KEPT).delete()
        kept.proposal_id = document.proposal
        kept.save(force_insert=True)
    program = viewer if isinstance(viewer, Program) else None
    return workflow.save_draft(document=document, requester=requester, program=program)


def _made_before(kept: DraftKey) -> Proposal | None:
    found = DraftKey.objects.select_related("proposal").filter(caller=kept.caller, key=kept.key).first()
    if found is None:
        return None
    if found.request_hash != kept.request_hash:
        raise WrongState("idempotency-key-used", "This Idempotency-Key was used for another request.")
    return found.proposal


def _requester(viewer: Viewer, wanted: str | None) -> Person:
    """Whom it is drafted for: oneself, or the person of its organisation that a program names."""
    if isinstance(viewer, Person):
        if wanted not in (None, viewer.id):
            raise NotAllowed("not-requester", "People draft for themselves alone.")
        return viewer
    if wanted is None:
        raise Invalid("requester-missing", "A program says as `requester` who is to propose it.")
    found = viewer.organisation.people.select_related("organisation__provider").filter(pk=wanted).first()
    if found is None:
        raise Invalid("unknown-requester", "There is no such person in the program's organisation.")
    if viewer.drafts.filter(state=State.DRAFT).count() >= DRAFTS_OF_A_PROGRAM:
        raise WrongState("too-many-drafts", "Too many drafts of this program wait for people already.")
    return found


def _nodes(viewer: Viewer, wanted: list[str]) -> list[NodeAt]:
    """The nodes in the order in which they are named."""
    found = {node.id: node for node in visible_nodes(viewer).filter(pk__in=wanted)}
    if set(wanted) != set(found) or len(wanted) != len(found):
        raise Invalid("unknown-node", "A node is not known, or stands twice.")
    return [found[key].at() for key in wanted]
