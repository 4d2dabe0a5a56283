"""Proposals: lists with filters and search, every detail with the verdict, exact bytes; and making drafts."""

from http import HTTPStatus
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from console.api.base import BytesView, DetailView, ListQuery, ListView
from console.api.drafts import DraftSerializer, draft_once
from console.api.fields import IdField
from console.api.parsing import read_body
from console.api.permissions import AnyoneKnown
from console.api.proposal_shapes import ProposalDetailSerializer, ProposalSerializer
from tenants import access, narrowing
from tenants.access import Viewer
from tenants.errors import NotVisible
from tenants.inbox import waiting_ids
from tenants.models import Person, State

RELATED = ("requester__organisation", "program", "provider", "customer", "zone")
STATES = [*State.values, *narrowing.GROUPS]


class ProposalQuery(ListQuery):
    """Which proposals: whose, in which state, about what, and with which words in them."""

    view = serializers.ChoiceField(
        ["all", "mine", "waiting"],
        required=False,
        default="all",
        help_text="mine: proposed by you (or drafted, as a program). waiting: for your signature.",
    )
    state = serializers.ChoiceField(
        STATES, required=False, help_text="open: draft, proposed. running: authorised, sent, executing."
    )
    operation = serializers.RegexField(r"^[a-z-]+\.[a-z-]+/v[0-9]+$", max_length=80, required=False)
    zone = IdField(required=False)
    node = IdField(required=False)
    requester = IdField(required=False)
    customer = IdField(required=False)
    q = serializers.CharField(
        max_length=narrowing.LONGEST_SEARCH,
        required=False,
        help_text="In the sentence, the reason or the requester's name; or the beginning of an id or hash.",
    )


class VisibleProposals:
    """Those that the one who asks may see."""

    def visible(self, viewer: Viewer) -> QuerySet[Any]:
        """With what is shown of them."""
        return access.visible_proposals(viewer).select_related(*RELATED)


class Proposals(VisibleProposals, ListView):
    """The proposals that concern your organisation; others' drafts are not listed."""

    item = ProposalSerializer
    query = ProposalQuery
    filters = {
        "operation": "operation",
        "zone": "zone",
        "node": "node",
        "requester": "requester",
        "customer": "customer",
    }
    permission_classes = [AnyoneKnown]
    gives = ProposalDetailSerializer
    body = DraftSerializer
    is_idempotent = True
    answers = {201: "The draft.", 200: "The draft that was made with this Idempotency-Key before."}

    def narrow(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """By view, state and words."""
        found = narrowing.in_state(self._in_view(rows), self.asked.get("state", ""))
        return narrowing.searched(found, self.asked.get("q", ""))

    def post(self, request: Request) -> Response:
        """Make a draft: a complete proposal whose bytes are fixed, which a person then signs at the desk.

        A program names the person whom it drafts for as `requester`; a person drafts for themselves.
        """
        wanted = read_body(DraftSerializer, request)
        draft, is_new = draft_once(self.viewer, wanted, key=request.headers.get("Idempotency-Key"))
        found = self.visible(self.viewer).get(pk=draft.pk)
        return Response(
            self.represent(ProposalDetailSerializer, found),
            status=HTTPStatus.CREATED if is_new else HTTPStatus.OK,
            headers={"Location": f"/api/v1/proposals/{draft.pk}"},
        )

    def _in_view(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        viewer, view = self.viewer, self.asked["view"]
        if view == "mine":
            return rows.filter(**{"requester" if isinstance(viewer, Person) else "program": viewer})
        if view == "waiting":
            return rows.filter(pk__in=waiting_ids(viewer)) if isinstance(viewer, Person) else rows.none()
        return access.listed_proposals(viewer, rows)


class ProposalDetail(VisibleProposals, DetailView):
    """One proposal: every field, who signed, what is missing or ignored and why, and what came of it."""

    gives = ProposalDetailSerializer

    def visible(self, viewer: Viewer) -> QuerySet[Any]:
        """With its signatures and receipts."""
        return (
            super()
            .visible(viewer)
            .prefetch_related(
                "approvals__person", "rejections__person", "cancellations__person", "receipts__node"
            )
        )


class ProposalDocument(VisibleProposals, BytesView):
    """The exact bytes of a proposal: what people sign (docs/formats/documents.md)."""

    file_name = "proposal-{}.json"

    def content(self, found: Any) -> bytes:
        """The proposal."""
        return bytes(found.raw)


class ProposalWarrant(VisibleProposals, BytesView):
    """The warrant of an authorised proposal, as it was sent."""

    file_name = "warrant-{}.json"

    def content(self, found: Any) -> bytes:
        """The warrant. Raises NotVisible as long as it is not authorised."""
        if not found.warrant:
            raise NotVisible("It is not authorised, so there is no warrant.")
        return bytes(found.warrant)
