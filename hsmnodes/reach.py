"""Where applications of a zone are still to come, and which of its HSMs do not serve them."""

from functools import cached_property

from hsmnodes import steps
from hsmnodes.models import Application, Node
from tenants import tags
from tenants.models import RUNNING_STATES, Proposal


class Reach:
    """The nodes of one zone (its id), for its applications as `visible_applications` gives them."""

    def __init__(self, zone: str) -> None:
        self._zone = zone

    def to_come(self, application: Application) -> list[str]:
        """The names of the nodes that it is on its way to: by its admission, or an extension."""
        return [named[1] for named in self._to_come(application)]

    def without(self, application: Application) -> list[Node]:
        """The nodes that have the zone and do not serve it, nor will by what is under way."""
        coming = {node for node, _ in self._to_come(application)}
        return [one for one in self._nodes if one.pk not in coming | _serving(application)]

    @cached_property
    def _nodes(self) -> list[Node]:
        having = Node.objects.filter(zone_slots__zone=self._zone, zone_slots__removed_at=None)
        return list(having.distinct().order_by("name"))

    @cached_property
    def _extensions(self) -> list[Proposal]:
        return list(
            Proposal.objects.filter(
                zone=self._zone, operation=tags.EXTEND_APPLICATION, state__in=RUNNING_STATES
            )
        )

    def _to_come(self, application: Application) -> list[tuple[str, str]]:
        under_way = [
            one for one in self._extensions if one.document.parameters["application"]["id"] == application.pk
        ]
        if application.proposal.state in RUNNING_STATES:
            under_way.append(application.proposal)
        here = _serving(application)
        return [
            (node.id, node.name)
            for proposal in under_way
            for number in set(range(len(steps.steps_of(proposal)))) - steps.done(proposal).keys()
            if (node := proposal.document.nodes[steps.steps_of(proposal)[number].node]).id not in here
        ]


def _serving(application: Application) -> set[str]:
    return {token.slot.node_id for token in application.living}
