"""How a proposal stands: seats filled and empty, and what was ignored, by the same count a node makes."""

from typing import Any

from rest_framework import serializers

from console.api.fields import AuthoritySerializer, BytesField, NamedSerializer
from hsmnodes.node.protocol.quorum import ClauseVerdict, lacking
from tenants import verdicts
from tenants.models import Person, Proposal


class ClauseSerializer(serializers.Serializer[Any]):
    """A clause of a charter: `m` people of a role or a group; who sits, and who could."""

    authority = AuthoritySerializer()
    role = serializers.CharField(allow_null=True)
    group = serializers.CharField(allow_null=True)
    m = serializers.IntegerField()
    missing = serializers.IntegerField()
    seated = NamedSerializer(many=True)
    eligible = NamedSerializer(many=True)


class AlternativeSerializer(serializers.Serializer[Any]):
    """Another alternative: the clauses that it takes, all of them, and how many of their seats are empty."""

    missing = serializers.IntegerField()
    clauses = ClauseSerializer(many=True)


class IgnoredSerializer(serializers.Serializer[Any]):
    """A signature that counts nowhere, and why."""

    credential_id = BytesField()
    person = serializers.CharField(allow_null=True)
    code = serializers.CharField()
    message = serializers.CharField()


class ProblemOfProposalSerializer(serializers.Serializer[Any]):
    """Why it cannot be authorised, whoever signs."""

    code = serializers.CharField()
    message = serializers.CharField()


class ClosedSerializer(serializers.Serializer[Any]):
    """What closed it."""

    kind = serializers.ChoiceField(["rejected", "cancelled"])
    person = serializers.CharField()
    reason = serializers.CharField()


class VerdictSerializer(serializers.Serializer[Any]):
    """The verdict on the signatures there are; `clauses` are of the alternative that lacks least."""

    authorised = serializers.BooleanField()
    missing = serializers.IntegerField()
    clauses = ClauseSerializer(many=True)
    others = AlternativeSerializer(many=True)
    ignored = IgnoredSerializer(many=True)
    problems = ProblemOfProposalSerializer(many=True)
    closed = ClosedSerializer(allow_null=True)

    def to_representation(self, instance: Proposal) -> dict[str, Any]:
        """The verdict on a proposal."""
        return super().to_representation(verdict_of(instance))


def verdict_of(proposal: Proposal) -> dict[str, Any]:
    """The verdict as it is shown."""
    standing = verdicts.standing_of(proposal)
    ways = (standing.clauses, *standing.others)
    eligible = {person for way in ways for clause in way for person in clause.eligible}
    names = dict(Person.objects.filter(pk__in=eligible).values_list("id", "name"))
    return {
        "authorised": standing.authorised,
        "missing": standing.missing,
        "clauses": [_clause(clause, names) for clause in standing.clauses],
        "others": [
            {"missing": lacking(way), "clauses": [_clause(clause, names) for clause in way]}
            for way in standing.others
        ],
        "ignored": [vars(one) for one in standing.ignored],
        "problems": [vars(one) for one in standing.problems],
        "closed": vars(standing.closed) if standing.closed else None,
    }


def _clause(verdict: ClauseVerdict, names: dict[str, str]) -> dict[str, Any]:
    return {
        "authority": verdict.authority.model_dump(mode="json"),
        "role": verdict.clause.role,
        "group": verdict.clause.group,
        "m": verdict.clause.m,
        "missing": verdict.missing,
        "seated": [{"id": one.person.id, "name": one.person.name} for one in verdict.seated],
        "eligible": [{"id": one, "name": names.get(one, "")} for one in verdict.eligible],
    }
