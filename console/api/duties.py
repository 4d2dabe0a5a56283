"""Who can do what, computed from charters: of Trust Zones and organisations, also once somebody is lost."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from console.api import parsing
from console.api.base import OneView
from console.api.fields import ID, AuthoritySerializer, HashField, NamedSerializer
from hsmnodes.node.operations.registry import operations
from hsmnodes.node.protocol.documents import Charter
from tenants import access
from tenants.access import Viewer
from tenants.analysis.humans import Human
from tenants.analysis.questions import Answer
from tenants.analysis.ways import Mixture
from tenants.duties import Asked, Duties, duties_of_organisation, duties_of_zone
from tenants.errors import Invalid

IDS = ID[:-1] + r"(,[0-9a-f]{32})*$"


class DutiesQuery(parsing.Query):
    """What is taken for lost."""

    lost_people = serializers.RegexField(
        IDS, required=False, max_length=5000, help_text="Ids of people, joined by commas."
    )
    lost_tokens = serializers.RegexField(
        IDS, required=False, max_length=5000, help_text="Ids of tokens, joined by commas."
    )


class CharterAtSerializer(AuthoritySerializer):
    """A charter that decides."""

    version = serializers.IntegerField()
    hash = HashField()


class AskedClauseSerializer(serializers.Serializer[Any]):
    """`m` people of a role or a group of an authority, of those eligible with the tokens left to them.

    Of an authority's clauses with the same `alternative` all are needed, and one such set is enough.
    """

    authority = AuthoritySerializer()
    alternative = serializers.IntegerField()
    role = serializers.CharField(allow_null=True)
    group = serializers.CharField(allow_null=True)
    m = serializers.IntegerField()
    eligible = NamedSerializer(many=True)


class ReasonSerializer(serializers.Serializer[Any]):
    """Why an operation is impossible, whoever signs."""

    code = serializers.CharField()
    message = serializers.CharField()


class BottleneckSerializer(serializers.Serializer[Any]):
    """People of whom any `lost` leave too few."""

    lost = serializers.IntegerField()
    people = NamedSerializer(many=True)


class PartSerializer(serializers.Serializer[Any]):
    """Any `count` of `people`."""

    count = serializers.IntegerField()
    people = NamedSerializer(many=True)


class OperationDutiesSerializer(serializers.Serializer[Any]):
    """What one operation takes.

    `people_needed` are those who sign and one who requests; `may_be_lost` is how many people may be lost,
    whoever they are, and null where it is impossible. `smallest` has one list of parts for each way to be
    just enough; all of them if `smallest_complete`.
    """

    operation = serializers.CharField()
    title = serializers.CharField()
    authorities = AuthoritySerializer(many=True)
    possible = serializers.BooleanField()
    reasons = ReasonSerializer(many=True)
    clauses = AskedClauseSerializer(many=True)
    people_needed = serializers.IntegerField(allow_null=True)
    could_alone = NamedSerializer(many=True)
    holds_both_sides = NamedSerializer(many=True)
    may_be_lost = serializers.IntegerField(allow_null=True)
    bottlenecks = BottleneckSerializer(many=True)
    smallest = serializers.ListField(child=PartSerializer(many=True))
    smallest_complete = serializers.BooleanField()


class LostSerializer(serializers.Serializer[Any]):
    """What was taken for lost, and what this console takes no signature of as it is."""

    people = NamedSerializer(many=True)
    tokens = NamedSerializer(many=True)
    suspended_tokens = NamedSerializer(many=True)


class DutiesSerializer(serializers.Serializer[Any]):
    """Who can do what under the charters in force; empty where the authority has none."""

    authority = NamedSerializer()
    charters = CharterAtSerializer(many=True)
    lost = LostSerializer()
    operations = OperationDutiesSerializer(many=True)


class DutiesView(OneView):
    """Who can do what. Nothing is stored: it is computed from the charters in force, as a node counts."""

    gives = DutiesSerializer
    query = DutiesQuery

    def duties(self, key: str, asked: Asked) -> Duties:
        """The duties of the one with this id. Raises NotVisible; Invalid for a loss that is none."""
        raise NotImplementedError

    def get(self, request: Request, key: str) -> Response:  # noqa: ARG002 - the framework's
        """Who can do what, and how many may be lost."""
        try:
            duties = self.duties(key, Asked(self._ids("lost_people"), self._ids("lost_tokens")))
        except Invalid as error:
            raise serializers.ValidationError({"non_field_errors": [error.message]}) from None
        return Response(self.represent(DutiesSerializer, _shown(duties)))

    def _ids(self, name: str) -> frozenset[str]:
        return frozenset(filter(None, self.asked.get(name, "").split(",")))


class ZoneDuties(DutiesView):
    """Who can do what in a Trust Zone."""

    def visible(self, viewer: Viewer) -> QuerySet[Any]:
        """With whose charters count beside its own."""
        return access.visible_zones(viewer).select_related("service__provider", "service__customer")

    def duties(self, key: str, asked: Asked) -> Duties:
        """Of the zone."""
        return duties_of_zone(self.find(key), asked)


class OrganisationDuties(DutiesView):
    """Who can do what in an organisation."""

    def visible(self, viewer: Viewer) -> QuerySet[Any]:
        """Those that the one who asks may see."""
        return access.visible_organisations(viewer)

    def duties(self, key: str, asked: Asked) -> Duties:
        """Of the organisation."""
        return duties_of_organisation(self.find(key), self.viewer, asked)


def _shown(duties: Duties) -> dict[str, Any]:
    answers = duties.imagined if duties.asked else duties.answers
    tokens = [one for one in duties.tokens if one.is_among(duties.asked.tokens)]
    return {
        "authority": {"id": duties.authority, "name": duties.name},
        "charters": [
            _authority(one) | {"version": one.version, "hash": one.sha256} for one in duties.charters.values()
        ],
        "lost": {
            "people": [_named(pk, duties.people[pk].name) for pk in sorted(duties.asked.people)],
            "tokens": [_named(one.stored.pk, one.token.label) for one in tokens if one.stored],
            "suspended_tokens": [
                _named(one.stored.pk, one.token.label)
                for one in duties.tokens
                if one.suspended and one.stored
            ],
        },
        "operations": [_operation(one) for one in answers],
    }


def _operation(one: Answer) -> dict[str, Any]:
    could, stays = one.could, one.stays
    mixtures, complete = could.mixtures()
    names = {
        person.organisation.id: person.organisation.name for human in could.humans for person in human.people
    }
    return {
        "operation": one.operation,
        "title": operations()[one.operation].title,
        "authorities": [_authority(charter) for charter in one.charters],
        "possible": stays.possible,
        "reasons": [vars(problem) for problem in stays.problems],
        "clauses": [
            {
                "authority": _authority(charter),
                "role": clause.role,
                "group": clause.group,
                "alternative": could.seating.numbers[index],
                "m": clause.m,
                "eligible": _people(human for human in could.humans if index in human.places),
            }
            for index, (charter, clause) in enumerate(could.seating.clauses)
        ],
        "people_needed": could.needed if could.seating.clauses else None,
        "could_alone": [_named(pk, names[pk]) for pk in sorted(could.alone)],
        "holds_both_sides": [_named(pk, names[pk]) for pk in sorted(one.both_sides)],
        "may_be_lost": stays.spare if stays.possible else None,
        "bottlenecks": [{"lost": weak.lost, "people": _people(weak.humans)} for weak in stays.weaknesses],
        "smallest": [_parts(mixture) for mixture in mixtures],
        "smallest_complete": complete,
    }


def _parts(mixture: Mixture) -> list[dict[str, Any]]:
    return [{"count": count, "people": _people(kind.humans)} for count, kind in mixture.parts]


def _people(humans: Any) -> list[dict[str, str]]:
    found: list[Human] = list(humans)
    return [_named(human.people[0].id, human.name) for human in found]


def _authority(charter: Charter) -> dict[str, str]:
    authority = charter.authority
    return {"kind": authority.kind.value, **_named(authority.id, authority.name)}


def _named(pk: str, name: str) -> dict[str, str]:
    return {"id": pk, "name": name}
