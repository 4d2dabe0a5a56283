"""How a proposal is shown."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from console.api.fields import AuthoritySerializer, HashField, IdField, NamedSerializer, WordsField
from console.api.receipts import OUTCOMES
from console.api.verdicts import VerdictSerializer
from hsmnodes.node.operations.sentences import render_fields
from tenants.models import Proposal, State


class RequesterSerializer(NamedSerializer):
    """Who proposes."""

    organisation = NamedSerializer()


class ProposalSerializer(serializers.Serializer[Any]):
    """A proposal in a list. `sentence` is what the desk shows too; the exact bytes are under /document."""

    id = IdField()
    hash = HashField()
    state = serializers.ChoiceField(State.choices)
    operation = serializers.CharField()
    sentence = serializers.CharField()
    reason = serializers.CharField()
    requester = RequesterSerializer()
    program = NamedSerializer(allow_null=True)
    provider = NamedSerializer()
    customer = NamedSerializer(allow_null=True)
    zone = NamedSerializer(allow_null=True)
    seats = serializers.IntegerField()
    seats_filled = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    proposed_at = serializers.DateTimeField(allow_null=True)
    authorised_at = serializers.DateTimeField(allow_null=True)
    sent_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    due_at = serializers.DateTimeField(
        allow_null=True, help_text="When a delay that it waits for, or waited for, is over."
    )
    expires_at = serializers.DateTimeField()
    code = serializers.CharField(help_text="Why it was refused or failed; else empty.")
    detail = serializers.CharField()


class AuthorityAtSerializer(AuthoritySerializer):
    """An authority at the version of its charter that decides."""

    version = serializers.IntegerField()
    hash = HashField()


class NodeAtSerializer(NamedSerializer):
    """A node that is to act, with the SHA-256 of its identity key."""

    identity = HashField()


class RowSerializer(serializers.Serializer[Any]):
    """A field as people read it; `detail` is the exact id or hash behind it."""

    label = serializers.CharField()
    value = serializers.CharField()
    detail = serializers.CharField()


class SignatureSerializer(serializers.Serializer[Any]):
    """Who signed, and when the console had it."""

    person = NamedSerializer()
    at = serializers.DateTimeField()


class StatementSerializer(SignatureSerializer):
    """Who rejected or cancelled, and why."""

    reason = serializers.CharField()


class OutcomeSerializer(serializers.Serializer[Any]):
    """What a node says it did; all of it is under /receipts."""

    id = HashField(source="hash")
    node = NamedSerializer()
    step = serializers.IntegerField()
    outcome = serializers.ChoiceField(OUTCOMES)
    code = serializers.CharField()
    detail = serializers.CharField()
    at = serializers.DateTimeField()


class ProposalDetailSerializer(ProposalSerializer):
    """A proposal with all it says, and how it stands. `words` are those of its hash."""

    words = WordsField(source="hash")
    parameters = serializers.DictField(source="document.parameters")
    authorities = AuthorityAtSerializer(many=True, source="document.authorities")
    nodes = NodeAtSerializer(many=True, source="document.nodes")
    not_before = serializers.IntegerField(source="document.not_before", help_text="Unix seconds, as signed.")
    previous = HashField(source="document.previous", allow_null=True)
    rows = serializers.SerializerMethodField()
    verdict = VerdictSerializer(source="*")
    approvals = SignatureSerializer(many=True)
    rejections = StatementSerializer(many=True)
    cancellations = StatementSerializer(many=True)
    receipts = OutcomeSerializer(many=True)

    @extend_schema_field(RowSerializer(many=True))
    def get_rows(self, proposal: Proposal) -> list[dict[str, Any]]:
        """Every field as the desk shows it."""
        return [vars(row) for row in render_fields(proposal.document)]
