"""What a charter says of the tokens that it accepts, in words."""

from collections.abc import Collection, Mapping

from django.utils.translation import gettext as _

from console.pages import wording
from console.pages.token_models import in_a_row
from hsmnodes.node.protocol.documents import TokenRules
from tenants.admission import charters_that_decide
from tenants.models import Person


def facts(rules: TokenRules) -> Mapping[str, tuple[str, str]]:
    """Each member of the rules, as a title and what it says."""
    synced = rules.backup_eligible == "allowed"
    return {
        "backup_eligible": (_("Tokens that can be synced"), _("accepted") if synced else _("not accepted")),
        "attestation": (
            _("Proof of the make of tokens"),
            _("required") if rules.attestation else _("not required"),
        ),
        "models_allowed": (_("Models that are allowed"), _models(rules.models_allowed, _("any"))),
        "models_blocked": (_("Models that are blocked"), _models(rules.models_blocked, _("none"))),
        "tokens_each": (_("Tokens that everyone has, at least"), str(rules.least)),
    }


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


def _models(models: Collection[str] | None, without: str) -> str:
    return in_a_row(models) if models else without
