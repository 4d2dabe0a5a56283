"""The catalogue of operations: what can be proposed, whose consent it needs, and with which parameters."""

from functools import cache
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from console.api.base import ApiView
from hsmnodes.node.operations.registry import describe
from hsmnodes.node.operations.registry import operations as all_operations
from tenants.errors import NotVisible


class ConsentSerializer(serializers.Serializer[Any]):
    """Whose consent an operation needs, and how few of each may ever decide."""

    kinds = serializers.ListField(child=serializers.CharField())
    kind_from = serializers.CharField(
        source="from", allow_null=True, help_text="The parameter that says whose consent it is instead."
    )
    floor = serializers.IntegerField()


class OperationSerializer(serializers.Serializer[Any]):
    """An operation. `parameters` is the JSON Schema of a proposal's; `shown` how the desk shows them."""

    tag = serializers.CharField()
    area = serializers.CharField()
    title = serializers.CharField()
    sentence = serializers.CharField(help_text="A template over the parameters and the proposal.")
    nodes = serializers.IntegerField(help_text="How many nodes a proposal names.")
    consent = ConsentSerializer()
    parameters = serializers.DictField()
    shown = serializers.ListField(child=serializers.DictField(), help_text="How the desk shows them.")


class OperationsSerializer(serializers.Serializer[Any]):
    """Every operation, by tag."""

    results = OperationSerializer(many=True)


class Operations(ApiView):
    """What can be proposed here."""

    gives = OperationsSerializer

    def get(self, request: Request) -> Response:  # noqa: ARG002 - the same for everyone
        """All of it."""
        return Response(OperationsSerializer({"results": [_described(tag) for tag in all_operations()]}).data)


class OperationDetail(ApiView):
    """One operation."""

    gives = OperationSerializer
    path_patterns = {"name": r"^[a-z-]+\.[a-z-]+$", "version": "^v[0-9]+$"}

    def get(self, request: Request, name: str, version: str) -> Response:  # noqa: ARG002
        """One operation."""
        tag = f"{name}/{version}"
        if tag not in all_operations():
            raise NotVisible
        return Response(OperationSerializer(_described(tag)).data)


@cache
def _described(tag: str) -> dict[str, Any]:
    found = all_operations()[tag]
    described = describe(found)
    return {
        **described,
        "parameters": found.parameters.model_json_schema(),
        "shown": described["fields"],
    }
