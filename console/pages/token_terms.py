"""What a charter says of the tokens that it accepts, in words."""

from collections.abc import Mapping

from console.pages import wording
from console.pages.token_models import in_a_row
from hsmnodes.node.operations.statement.charter_texts import token_facts
from hsmnodes.node.protocol.documents import TokenRules
from tenants.admission import charters_that_decide
from tenants.models import Person


def facts(rules: TokenRules) -> Mapping[str, tuple[str, str]]:
    """Each member of the rules, as a title and what it says, models by name."""
    return token_facts(rules, in_a_row)


def demands_on(person: Person) -> list[str]:
    """What a token must be to be enrolled for somebody: whose charters ask for what, alike together."""
    found: dict[str, list[str]] = {}
    for charter in charters_that_decide(person):
        rules = charter.token_rules
        asked = {
            "backup_eligible": rules.backup_eligible == "forbidden",
            "attestation": rules.attestation is not None,
            "models_allowed": rules.models_allowed is not None,
            "models_blocked": rules.models_blocked is not None,
        }
        said = [f"{title}: {what}" for member, (title, what) in facts(rules).items() if asked.get(member)]
        if said:
            found.setdefault("; ".join(said), []).append(charter.authority.name)
    return [f"{wording.few_names(names)}: {said}" for said, names in found.items()]
