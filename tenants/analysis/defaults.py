"""The rules that a charter is held against: which defaults go with it, and where it is weaker than those."""

from collections.abc import Mapping
from functools import cache, lru_cache

from hsmnodes.node.protocol.control import is_managed_apart
from hsmnodes.node.protocol.documents import AuthorityKind, Charter, Rule, TokenRules
from hsmnodes.node.protocol.weaker import is_weaker_in
from tenants.analysis.default_rules import MODELS, model_of, rules_of


@cache
def defaults_of(kind: AuthorityKind, *, model: str = MODELS[0]) -> Mapping[str, Rule]:
    """The default rule for each operation that a charter of this kind can allow; in a zone, by its model."""
    return {rule.operation: rule for rule in rules_of(kind, model=model)}


def defaults_for(charter: Charter) -> Mapping[str, Rule]:
    """The defaults that go with a charter: of a zone, by its model."""
    if charter.zone is None:
        return defaults_of(charter.authority.kind)
    apart = is_managed_apart(charter.zone, charter.people)
    return defaults_of(
        charter.authority.kind, model=model_of(controller=charter.zone.controller, apart=apart)
    )


def eased_tokens(rules: TokenRules, usual: TokenRules) -> tuple[str, ...]:
    """In which members `rules` accept tokens that `usual` would not accept, or ask for fewer of them."""
    allowed = None if rules.models_allowed is None else set(rules.models_allowed)
    looks = {
        "backup_eligible": (rules.backup_eligible, usual.backup_eligible) == ("allowed", "forbidden"),
        "attestation": usual.attestation is not None and rules.attestation is None,
        "models_allowed": usual.models_allowed is not None
        and (allowed is None or not allowed <= set(usual.models_allowed)),
        "models_blocked": not set(usual.models_blocked or ()) <= set(rules.models_blocked or ()),
        "tokens_each": rules.least < usual.least,
    }
    return tuple(member for member, is_eased in looks.items() if is_eased)


def weaker_rules(charter: Charter) -> tuple[str, ...]:
    """The operations for which a charter asks for less than the default."""
    return _weaker_rules(charter.raw)


@lru_cache(maxsize=256)
def _weaker_rules(raw: bytes) -> tuple[str, ...]:
    charter = Charter.from_bytes(raw)
    defaults = defaults_for(charter)
    return tuple(
        rule.operation for rule in charter.rules if is_weaker_in(charter, rule, defaults.get(rule.operation))
    )
