"""What is wrong with the tokens that charters accept and hold, and what to change."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from console.pages import token_terms, wording
from console.pages.warned import Warned
from hsmnodes.node.protocol.documents import Charter
from tenants.analysis.default_rules import token_rules
from tenants.analysis.defaults import eased_tokens
from tenants.duties import Duties
from tenants.metadata import keeping


def token_warnings(duties: Duties) -> Iterator[Warned]:
    """Models that fail, less than the default, lists that anyone gets around, people with one token."""
    failing = keeping.failing()
    for charter in duties.charters.values():
        yield from _of_models_that_fail(charter, {aaguid: str(one) for aaguid, one in failing.items()})
        yield from _less_than_the_default(charter)
        if charter.token_rules.models_blocked and not charter.token_rules.attestation:
            yield _gets_around(charter)
    if duties.charter is not None:
        yield from _with_one_token(duties.charter)


def _of_models_that_fail(charter: Charter, failing: dict[str, str]) -> Iterator[Warned]:
    found = sorted(
        f"{token.label} ({person.name}, {failing[token.aaguid]})"
        for person in charter.people
        for token in person.tokens
        if token.aaguid in failing
    )
    if found:
        yield Warned(
            ngettext(
                "A token of a model that is known to be compromised counts for %(name)s: %(tokens)s.",
                "Tokens of models that are known to be compromised count for %(name)s: %(tokens)s.",
                len(found),
            )
            % {"name": charter.authority.name, "tokens": wording.few_names(found)},
            _("Have each replaced by one of another model, suspend it, and block the model by an amendment."),
            "bad",
            (charter.authority.id,),
        )


def _less_than_the_default(charter: Charter) -> Iterator[Warned]:
    facts = token_terms.facts(charter.token_rules)
    eased = eased_tokens(charter.token_rules, token_rules())
    if eased:
        said = [f"{title}: {what}" for title, what in (facts[member] for member in eased)]
        yield Warned(
            _("The charter of %(name)s asks for less of tokens than the default. %(what)s.")
            % {"name": charter.authority.name, "what": "; ".join(said)},
            _("Amend it, so that it asks for as much."),
            "bad",
            (charter.authority.id,),
        )


def _gets_around(charter: Charter) -> Warned:
    return Warned(
        _("The charter of %(name)s blocks models, and does not ask for proof of their make.")
        % {"name": charter.authority.name},
        _("A token that proves nothing can say that it is of another model. Have the charter require proof."),
        "quiet",
        (charter.authority.id,),
    )


def _with_one_token(charter: Charter) -> Iterator[Warned]:
    found = [person.name for person in charter.people if len(person.tokens) == 1]
    if found:
        yield Warned(
            ngettext(
                "%(people)s stands in the charter of %(name)s with one token, and is locked out by its loss.",
                "%(people)s stand in the charter of %(name)s with one token each: whoever loses it is locked "
                "out.",
                len(found),
            )
            % {"people": wording.few_names(sorted(found)), "name": charter.authority.name},
            _("Have a second token enrolled, then amend the charter: it can ask for two tokens each."),
            "wait",
            (charter.authority.id,),
        )
