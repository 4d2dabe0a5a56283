"""What becomes of an authority that has lost its quorum: recovered by its charter's clause, or lost."""

from collections.abc import Iterator, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from console.pages import wording
from console.pages.warned import Warned
from hsmnodes.node.operations.statement.charter_texts import recovery_text
from hsmnodes.node.protocol.consistency import AMEND, RECOVER
from hsmnodes.node.protocol.documents import Charter
from tenants.analysis.questions import Answer
from tenants.analysis.ways import Weakness
from tenants.duties import Duties


def of_recovery(one: Answer) -> list[str]:
    """What a recovery is for, how long it is announced, and what it takes besides."""
    recovery = one.charters[0].recovery
    days = recovery.days if recovery is not None else 0
    return [
        _("It is for when too few are left who could sign an amendment, and changes who has duties alone."),
        ngettext(
            "It comes into force %(n)d day after it is announced, unless anybody of the charter cancels it.",
            "It comes into force %(n)d days after it is announced, unless anybody of the charter cancels it.",
            days,
        )
        % {"n": days},
        _("So many of those who come must sign that they could amend the charter again."),
    ]


def recovery_warnings(duties: Duties) -> Iterator[Warned]:
    """Whose loss would be final, of a charter that has no recovery clause."""
    charter, amendment = duties.charter, _of(duties.answers, AMEND, duties)
    if charter is None or charter.recovery is not None or amendment is None:
        return
    for weak in amendment.stays.weaknesses:
        yield Warned(
            _("%(if_lost)s, %(end)s.") % {"if_lost": _if_lost(weak), "end": _end(charter)},
            _("The charter has no recovery clause. An amendment can add one: who, with whom, how late."),
            "wait" if weak.lost == 1 else "quiet",
            (charter.authority.id,),
        )


def way_back(duties: Duties) -> str:
    """What is left once what is asked about is lost, if that ends all amendments; else nothing."""
    charter = duties.charter
    before, after = (_of(answers, AMEND, duties) for answers in (duties.answers, duties.imagined))
    if charter is None or before is None or after is None:
        return ""
    if after.stays.possible or not before.stays.possible:
        return ""
    lost = _("Nobody could amend the charter of %(name)s any more.") % {"name": charter.authority.name}
    if charter.recovery is None:
        return f"{lost} {_('It has no recovery clause: %(end)s.') % {'end': _end(charter)}}"
    recovery = _of(duties.imagined, RECOVER, duties)
    if recovery is None or not recovery.stays.possible:
        return f"{lost} {_('Too few would be left to recover it, too: %(end)s.') % {'end': _end(charter)}}"
    return f"{lost} {_('It could be recovered: %(how)s') % {'how': recovery_text(charter.recovery)}}"


def _of(answers: Sequence[Answer], operation: str, duties: Duties) -> Answer | None:
    """The answer for an operation on the charter of the authority itself."""
    found = (one for one in answers if one.operation == operation and one.charters[0] is duties.charter)
    return next(found, None)


def _if_lost(weak: Weakness) -> str:
    people = [human.name for human in weak.humans]
    said = {"people": wording.few_names(people), "n": weak.lost}
    if len(people) == 1:
        return _("If %(people)s loses every token") % said
    if len(people) == weak.lost:
        return _("If %(people)s all lose their tokens") % said
    return (
        ngettext(
            "If any one of %(people)s loses every token",
            "If any %(n)d of %(people)s lose their tokens",
            weak.lost,
        )
        % said
    )


def _end(charter: Charter) -> str:
    """What an authority without a quorum and without a recovery comes to, within a sentence."""
    if charter.zone is not None:
        return _("this zone can only be founded anew from shares")
    return _("another organisation has to be founded in its place")
