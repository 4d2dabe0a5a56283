"""Whether a token that somebody brings may come in: what is known of its model, what charters accept."""

from django.db.models import Q

from hsmnodes.node.protocol.documents import Charter
from hsmnodes.node.protocol.documents import Token as TokenDocument
from hsmnodes.node.protocol.token_rules import Why, why_not
from tenants import deployment
from tenants.errors import Invalid
from tenants.metadata import keeping
from tenants.models import CharterState, CharterVersion, Person

_NO_LIST = "This console has no list of token models that is not overdue; its operator loads one. "


def charters_that_decide(person: Person) -> list[Charter]:
    """The charters in force that have a say: of the person's organisation, and each that the person is in."""
    own = person.organisation_id
    sides = Q(zone__service__customer=own) | Q(zone__service__provider=own) | Q(organisation=own)
    found = CharterVersion.objects.filter(sides, state=CharterState.IN_FORCE).order_by("kind", "name")
    documents = [version.document for version in found.distinct()]
    return [one for one in documents if own == one.authority.id or person.id in one.persons]


def check_admission(person: Person, token: TokenDocument) -> None:
    """Check that `token` may be enrolled for `person`.

    Raises Invalid: what these charters do not accept would stand in the way of their next amendments.
    """
    if token.simulated and not deployment.current().demo:
        raise Invalid("simulated", "A simulated token is accepted only in a demo.")
    model = keeping.known([token.aaguid]).get(token.aaguid)
    named = f"of the model {model}" if model else f"of a model that is not known here ({token.aaguid})"
    if against := keeping.compromise_of(token.aaguid):
        raise Invalid(
            "model-compromised",
            f"The token is {named}, which is known to be compromised: {against}. It was not enrolled; "
            "use one of another model.",
        )
    for charter in charters_that_decide(person):
        why = why_not(charter.token_rules, token)
        if why is not None:
            no_list = why is Why.NOT_PROVED and keeping.current_list() is None
            raise Invalid(
                "token-not-accepted",
                f"The charter of {charter.authority.name} does not accept this token, {named}: {why}. "
                f"{_NO_LIST if no_list else ''}It was not enrolled; use another.",
            )
