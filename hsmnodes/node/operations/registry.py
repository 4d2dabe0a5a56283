"""Finds every operation file, and describes all operations for those who show them."""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from typing import Any

from hsmnodes.node import operations as package
from hsmnodes.node.operations.base import Operation
from hsmnodes.node.operations.envelope import ENVELOPE
from hsmnodes.node.operations.fields import field_trees
from hsmnodes.node.operations.statement.texts import texts
from hsmnodes.node.protocol.control import FLOOR, is_decisive
from hsmnodes.node.protocol.documents.charter import AuthorityKind, Clause, Role, Rule
from hsmnodes.node.protocol.errors import ProposalRefused

CATALOGUE_VERSION = 1
BY_CUSTODIANS = ("backup-key.", "backup.take/", "backup.verify/")
"""What is the custodians' own affair where others manage a zone's keys."""


@cache
def operations() -> Mapping[str, Operation[Any]]:
    """Every operation by its tag, sorted."""
    found: dict[str, Operation[Any]] = {}
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        operation = getattr(importlib.import_module(module.name), "operation", None)
        if isinstance(operation, Operation):
            if operation.tag in found:
                raise RuntimeError(f"two operations have the tag {operation.tag}")
            found[operation.tag] = operation
    return dict(sorted(found.items()))


def operation(tag: str) -> Operation[Any]:
    """The operation of this tag. Raises ProposalRefused if there is none."""
    found = operations().get(tag)
    if found is None:
        raise ProposalRefused("unknown-operation", f"There is no operation {tag}.")
    return found


def default_rules(kind: AuthorityKind) -> tuple[Rule, ...]:
    """The rules that operations suggest for a charter of this kind of authority."""
    suggested = {
        tag: tuple(default.clause() for default in found.rules.get(kind, ()))
        for tag, found in operations().items()
    }
    return tuple(Rule(operation=tag, clauses=clauses) for tag, clauses in suggested.items() if clauses)


def rules_of_two_sides() -> tuple[Rule, ...]:
    """The rules a zone's charter starts from where the side in control does not manage the keys.

    Its custodians decide on the backup key and take backups by themselves, and have a say in whatever else is
    decisive; the key managers of the other side do the rest.
    """
    return tuple(
        rule.model_copy(update={"clauses": _of_two_sides(rule)}) for rule in default_rules(AuthorityKind.ZONE)
    )


def _of_two_sides(rule: Rule) -> tuple[Clause, ...]:
    if rule.operation.startswith(BY_CUSTODIANS):
        return (Clause(role=Role.CUSTODIAN, group=None, m=sum(clause.m for clause in rule.clauses)),)
    custodians = Clause(role=Role.CUSTODIAN, group=None, m=FLOOR)
    return (*rule.clauses, custodians) if is_decisive(rule.operation) else rule.clauses


def catalogue() -> dict[str, Any]:
    """All operations as JSON: what the desk needs to show a proposal completely, or to refuse it."""
    return {
        "version": CATALOGUE_VERSION,
        "proposal": ENVELOPE,
        "statement": texts(),
        "defaults": _defaults(),
        "operations": {tag: describe(found) for tag, found in operations().items()},
    }


def _defaults() -> dict[str, Any]:
    """The default rules by kind of authority; `zone-apart` where another side manages the keys of a zone."""
    rules = {kind.value: default_rules(kind) for kind in AuthorityKind} | {"zone-apart": rules_of_two_sides()}
    return {name: [one.model_dump(mode="json") for one in found] for name, found in rules.items()}


def describe(found: Operation[Any]) -> dict[str, Any]:
    """One operation as JSON, with its fields nested as they are."""
    return {
        "tag": found.tag,
        "area": found.area,
        "title": found.title,
        "button": found.button,
        "sentence": found.sentence,
        "nodes": found.nodes,
        "most_nodes": found.most_nodes,
        "consent": {
            "kinds": [kind.value for kind in found.consent.kinds],
            "from": found.consent_from,
            "floor": found.consent.floor,
            "parties": {kind.value: field for kind, field in found.party_fields.items()},
        },
        "gathers": found.gathers,
        "rules": {
            kind.value: [clause.clause().model_dump(mode="json") for clause in clauses]
            for kind, clauses in found.rules.items()
        },
        "fields": field_trees(found.parameters),
    }
