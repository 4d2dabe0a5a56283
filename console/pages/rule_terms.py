"""What the rules for an operation say beside who must sign, in sentences."""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from hsmnodes.node.operations.statement.charter_texts import terms_of
from hsmnodes.node.protocol.documents import Charter


def notes(charters: Iterable[Charter], operation: str) -> list[str]:
    """What the rules for an operation demand or advise beside signatures, each in a sentence."""
    return [
        _("%(name)s: %(what)s.") % {"name": charter.authority.name, "what": what}
        for charter in charters
        for what in terms_of(charter.rule(operation))
    ]
