"""“What if”: whether the shares of a zone's backup key that are left would still rebuild it."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from console.pages.custody import Custody, ShareLine
from tenants.duties import Asked
from tenants.models import Person, Token, TrustZone


@dataclass(frozen=True)
class SharesLeft:
    """What is left of the last share set, in a sentence, and whether it is enough."""

    sentence: str
    enough: bool


def shares_left(zone: TrustZone, viewer: Person, asked: Asked) -> SharesLeft | None:
    """What becomes of the shares if what is asked about is lost; None, if nothing is asked about."""
    if not asked:
        return None
    custody = Custody(zone, viewer)
    if custody.share_set is None:
        return SharesLeft(
            _("The backup key was never split: there are no shares that rebuild it."), enough=False
        )
    gone = set(Token.objects.filter(pk__in=asked.tokens).values_list("credential_id", flat=True))
    left = sum(_is_left(line, asked, gone) for line in custody.lines)
    said = {"count": len(custody.lines), "left": left, "threshold": custody.share_set.threshold}
    if left < custody.share_set.threshold:
        return SharesLeft(
            _(
                "Of the %(count)d shares of the backup key %(left)d would be left, and it takes "
                "%(threshold)d: nobody could rebuild it any more."
            )
            % said,
            enough=False,
        )
    return SharesLeft(
        _("Of the %(count)d shares of the backup key %(left)d would be left; %(threshold)d rebuild it.")
        % said,
        enough=True,
    )


def _is_left(line: ShareLine, asked: Asked, gone: set[str]) -> bool:
    return not line.problem and line.share.person not in asked.people and line.share.credential_id not in gone
