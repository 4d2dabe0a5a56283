"""The defaults that a statement holds its rules against, themselves held against those that are known here.

A statement names the default beside each rule. Whoever draws it up could name the weak rule itself; so
whoever reads it compares with the defaults of the operations, which are built into nodes and desks.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from hsmnodes.node.operations.registry import default_rules, operations, rules_of_two_sides
from hsmnodes.node.operations.statement.charter_texts import rule_text
from hsmnodes.node.protocol.control import is_managed_apart
from hsmnodes.node.protocol.documents.charter import Rule
from hsmnodes.node.protocol.documents.statement import StatedCharter, Statement

NONE = "none"


@dataclass(frozen=True)
class OtherDefault:
    """A default that a statement names and that is another here: of which charter and operation, in words."""

    authority: str
    title: str
    stated: str
    known: str


def other_defaults(statement: Statement) -> list[OtherDefault]:
    """Where a statement names another default than is known here; a default that is left out is one."""
    found = []
    for one in statement.charters:
        known = known_defaults(one)
        for stated in one.rules:
            usual = known.get(stated.rule.operation)
            if stated.default != usual:
                operation = operations().get(stated.rule.operation)
                title = operation.title if operation is not None else stated.rule.operation
                found.append(OtherDefault(one.authority.name, title, _text(stated.default), _text(usual)))
    return found


def known_defaults(charter: StatedCharter) -> Mapping[str, Rule]:
    """The defaults known here for a charter, by operation: of a zone, by who controls it and who manages."""
    apart = charter.zone is not None and is_managed_apart(charter.zone, charter.people)
    rules = rules_of_two_sides() if apart else default_rules(charter.authority.kind)
    return {rule.operation: rule for rule in rules}


def _text(rule: Rule | None) -> str:
    return NONE if rule is None else rule_text(rule)
