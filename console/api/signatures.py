"""Handing in what people signed at the desk about a proposal. Programs cannot: they have no token."""

from typing import Any, ClassVar

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from console.api.assertions import SignedSerializer, StatedSerializer, read_signed
from console.api.base import OneView
from console.api.proposal_shapes import ProposalDetailSerializer
from console.api.proposals import VisibleProposals
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import Assertion
from tenants import workflow
from tenants.models import Proposal


class SigningView(VisibleProposals, OneView):
    """One kind of signature about a proposal."""

    gives = ProposalDetailSerializer
    body: ClassVar[type[serializers.Serializer[Any]]] = SignedSerializer
    answers = {201: "The proposal as it then stands."}

    def hand_in(self, request: Request, key: str) -> Response:
        """Have the signature counted; the proposal as it then stands."""
        proposal = self.find(key)
        given = read_signed(self.body, request)
        statement = canonical.b64u_decode(given.get("statement", ""))
        self.sign(proposal, given["assertion"], statement)
        return Response(self.represent(ProposalDetailSerializer, self.find(key)), status=201)

    def sign(self, proposal: Proposal, assertion: Assertion, statement: bytes) -> None:
        """What the signature does; `statement` is what it is over, where it is not the proposal."""
        raise NotImplementedError


class ProposalRequest(SigningView):
    """The requester's signature."""

    def post(self, request: Request, key: str) -> Response:
        """Propose: hand in what your token signed at the desk over your draft, for `propose`."""
        return self.hand_in(request, key)

    def sign(self, proposal: Proposal, assertion: Assertion, statement: bytes) -> None:  # noqa: ARG002
        """Make a proposal of the draft."""
        workflow.propose(proposal=proposal, person=self.person, assertion=assertion)


class ProposalApprovals(SigningView):
    """Approvals."""

    def post(self, request: Request, key: str) -> Response:
        """Approve: hand in what your token signed at the desk over the proposal, for `approve`."""
        return self.hand_in(request, key)

    def sign(self, proposal: Proposal, assertion: Assertion, statement: bytes) -> None:  # noqa: ARG002
        """Count it."""
        workflow.approve(proposal=proposal, person=self.person, assertion=assertion)


class ProposalRejections(SigningView):
    """Rejections."""

    body = StatedSerializer

    def post(self, request: Request, key: str) -> Response:
        """Reject: hand in a rejection statement and what your token signed over it, for `reject`."""
        return self.hand_in(request, key)

    def sign(self, proposal: Proposal, assertion: Assertion, statement: bytes) -> None:
        """Close the proposal."""
        workflow.reject(proposal=proposal, person=self.person, statement=statement, assertion=assertion)


class ProposalCancellations(SigningView):
    """Cancellations."""

    body = StatedSerializer

    def post(self, request: Request, key: str) -> Response:
        """Cancel: hand in a cancellation statement and what your token signed over it, for `cancel`."""
        return self.hand_in(request, key)

    def sign(self, proposal: Proposal, assertion: Assertion, statement: bytes) -> None:
        """Close the proposal, or send the cancellation after it."""
        workflow.cancel(proposal=proposal, person=self.person, statement=statement, assertion=assertion)
