"""What the people of a charter are too few for, now or as soon as one of them is away."""

from collections.abc import Collection, Iterator, Sequence

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from console.pages.attending import Concern
from console.pages.duties_view import NOT_ALLOWED
from tenants import charters, tags
from tenants.analysis.deciding import Weakness
from tenants.analysis.questions import Answer
from tenants.models import CharterVersion


def quorum_concerns(version: CharterVersion, answers: Sequence[Answer]) -> Iterator[Concern]:
    """What of a charter's operations nobody can do any more, or only as long as nobody is away."""
    gone = {one.operation for one in answers if not one.stays.possible and not _is_denied(one)}
    if gone:
        yield _too_few(version, gone)
    if count := _tight(version, answers):
        yield _no_spare(version, count)


def _is_denied(one: Answer) -> bool:
    return any(problem.code == NOT_ALLOWED for problem in one.could.problems)


def _too_few(version: CharterVersion, gone: Collection[str]) -> Concern:
    if tags.AMEND_CHARTER not in gone:
        title = ngettext(
            "%(name)s has too few people for %(n)d operation",
            "%(name)s has too few people for %(n)d operations",
            len(gone),
        ) % {"name": version.name, "n": len(gone)}
        return Concern(
            title, _("Nobody can do it now. Admit more people, or other tokens."), _duties(version), "bad"
        )
    title = _("Nobody can amend the charter of %(name)s") % {"name": version.name}
    if charters.document_of(version).recovery is None:
        advice = _("It has too few people to request it and sign, and no recovery clause.")
    else:
        advice = _("It has too few people to request it and sign. Its recovery clause may still help.")
    return Concern(title, advice, _duties(version), "bad")


def _tight(version: CharterVersion, answers: Sequence[Answer]) -> int:
    """How many operations become impossible when one person is lost whom this charter asks for."""
    return len(
        {
            one.operation
            for one in answers
            for weakness in one.stays.weaknesses
            if one.stays.spare == 0 and _asks(one, weakness, version.authority)
        }
    )


def _asks(one: Answer, weakness: Weakness, authority: str) -> bool:
    clauses = one.stays.seating.clauses
    asked = {clauses[index][0].authority.id for index in weakness.clauses}
    return authority in asked or not asked


def _duties(version: CharterVersion) -> str:
    if version.zone_id:
        return reverse("zone-duties", args=[version.zone_id])
    return reverse("organisation-duties", args=[version.organisation_id])


def _no_spare(version: CharterVersion, count: int) -> Concern:
    return Concern(
        _("%(name)s has nobody to spare") % {"name": version.name},
        ngettext(
            "%(n)d operation becomes impossible when one person is away. Admit another person.",
            "%(n)d operations become impossible when one person is away. Admit another person.",
            count,
        )
        % {"n": count},
        _duties(version),
    )
