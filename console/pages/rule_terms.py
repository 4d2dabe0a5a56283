"""What a rule says beside who must sign, in words: its delay, lifetime, hours, and custodians apart."""

from collections.abc import Iterable

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from hsmnodes.node.protocol.documents import Charter, Rule


def duration(seconds: int) -> str:
    """So many seconds in words, exactly: “2 days 1 hour”."""
    days, left = divmod(seconds, 86_400)
    hours, left = divmod(left, 3600)
    minutes, rest = divmod(left, 60)
    parts = [
        ngettext("%(n)d day", "%(n)d days", days) % {"n": days} if days else "",
        ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours} if hours else "",
        ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes} if minutes else "",
        ngettext("%(n)d second", "%(n)d seconds", rest) % {"n": rest} if rest else "",
    ]
    return " ".join(filter(None, parts))


def terms(rule: Rule | None) -> list[str]:
    """What a rule demands or advises beside signatures, each in a phrase."""
    if rule is None or not rule.ways:
        return []
    said = []
    if rule.delay:
        said.append(_("%(time)s must pass after the last signature") % {"time": duration(rule.delay)})
    if rule.lifetime:
        said.append(_("a proposal lives for %(time)s at most") % {"time": duration(rule.lifetime)})
    if rule.custodians_apart:
        said.append(_("who gives a share does not count as having approved it"))
    if rule.hours:
        said.append(_("hours, as advice that nothing enforces: %(hours)s") % {"hours": rule.hours})
    return said


def notes(charters: Iterable[Charter], operation: str) -> list[str]:
    """What the rules for an operation demand or advise beside signatures, each in a sentence."""
    return [
        _("%(name)s: %(what)s.") % {"name": charter.authority.name, "what": what}
        for charter in charters
        for what in terms(charter.rule(operation))
    ]
