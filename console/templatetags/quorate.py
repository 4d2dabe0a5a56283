"""How the things of this field are shown everywhere: ids, times, states, words, seats, zones."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from console.pages import wording
from console.pages.sorting import Sorting
from console.templatetags.icons import icon
from hsmnodes.node.protocol.words import fingerprint
from tenants.models import Proposal

register = template.Library()
register.filter("algorithm", wording.algorithm)

HUES = 8
STATES = {
    "draft": "quiet",
    "proposed": "wait",
    "authorised": "run",
    "sent": "run",
    "delayed": "wait",
    "executing": "run",
    "done": "ok",
    "refused": "bad",
    "failed": "bad",
    "indeterminate": "odd",
    "rejected": "bad",
    "cancelled": "quiet",
    "expired": "quiet",
    "admitting": "quiet",
    "online": "ok",
    "late": "wait",
    "offline": "bad",
    "out-of-step": "odd",
    "collecting": "wait",
    "in-force": "ok",
    "superseded": "quiet",
    "discarded": "quiet",
    "info": "quiet",
    "alarm": "bad",
    "open": "wait",
}
MOST_MARKS = 12
HOLLOW = {"draft", "rejected", "cancelled", "expired", "admitting", "discarded", "superseded"}


@register.filter
def state_class(state: str) -> str:
    """The class that gives a thing the colours of its state."""
    return f"state-{STATES.get(str(state), 'quiet')}"


@register.simple_tag(takes_context=True)
def column(context: Any, sorting: Sorting | None, name: str, label: str, extra: str = "") -> SafeString:
    """The head of a column, as a link that sorts the list by it; without `sorting` it is its label alone."""
    classes = format_html(' class="{}"', extra) if extra else ""
    if not sorting:
        return format_html('<th scope="col"{}>{}</th>', classes, label)
    query = context["request"].GET.copy()
    for gone in ("cursor", "seen"):
        query.pop(gone, None)
    query["sort"] = sorting.next(name)
    direction = sorting.direction_of(name)
    sorted_so = format_html(' aria-sort="{}"', direction) if direction else ""
    return format_html(
        '<th scope="col"{}{}><a class="sort" href="?{}">{}</a></th>',
        classes,
        sorted_so,
        query.urlencode(),
        label,
    )


@register.simple_tag
def badge(state: str, label: str = "", size: str = "") -> SafeString:
    """A state as a badge: colour, shape and word, so that colour never speaks alone."""
    value = str(state)
    text = label or getattr(state, "label", None) or value.replace("-", " ").capitalize()
    extra = " hollow" if value in HOLLOW else ""
    return format_html('<span class="badge {}{} {}">{}</span>', state_class(value), extra, size, text)


@register.simple_tag
def state_badge(proposal: Proposal, size: str = "") -> SafeString:
    """The state of a proposal. One that a zone has yet to agree to is refused, and goes on by itself."""
    if proposal.waits_for_agreement:
        return badge("delayed", _("Waits for a zone"), size)
    return badge(proposal.state, proposal.get_state_display(), size)


@register.simple_tag
def copy_id(value: str, what: str = "id", short: int = 0) -> SafeString:
    """An id or hash that can be copied whole, shown in full or by its first and last digits."""
    text = str(value)
    shown = f"{text[:short]}…{text[-4:]}" if short and len(text) > short + 5 else text
    return format_html(
        '<button type="button" class="id{}" data-copy="{}" data-what="{}" title="{}"><span>{}</span>{}'
        '<span class="visually-hidden">{}</span></button>',
        "" if short else " full",
        text,
        what,
        text,
        shown,
        icon("copy"),
        _("Copy %(what)s") % {"what": what},
    )


@register.simple_tag
def moment(at: datetime | int | None, style: str = "ago") -> SafeString | str:
    """A time: UTC as it leaves the server, in the reader's own terms once the page is alive.

    `style` is ago, exact, full or left (what remains until then), or utc: what is kept, and stays as it is.
    """
    if at is None:
        return "–"
    date = at.astimezone(UTC) if isinstance(at, datetime) else datetime.fromtimestamp(at, UTC)
    iso = date.strftime("%Y-%m-%dT%H:%M:%SZ")
    if style == "utc":
        return format_html('<time datetime="{}">{}</time>', iso, date.strftime("%d %b %Y, %H:%M:%S UTC"))
    return format_html(
        '<time datetime="{}" data-at="{}" data-as="{}">{}</time>',
        iso,
        int(date.timestamp()),
        style,
        date.strftime("%d %b %Y, %H:%M UTC"),
    )


@register.simple_tag
def words(digest: str, size: str = "") -> SafeString:
    """The eight words of a hash, to be compared over the phone."""
    if not digest:
        return format_html("{}", "")
    return format_html(
        '<ol class="words {}" aria-label="{}">{}</ol>',
        size,
        _("Eight words of the fingerprint"),
        format_html_join("", "<li>{}</li>", ((word,) for word in fingerprint(digest))),
    )


@register.filter
def words_line(digest: str) -> str:
    """The eight words of a hash on one line."""
    return " ".join(fingerprint(digest)) if digest else ""


@register.filter
def hue(zone_id: str) -> str:
    """The colour by which a zone is told apart, always beside its name."""
    return f"hue-{int(str(zone_id)[:4], 16) % HUES}"


@register.simple_tag
def seats(clauses: Iterable[Any]) -> SafeString:
    """The small picture of M of N: for each clause its firm, taken and light seats."""
    rows = list(clauses)
    taken = sum(clause.taken for clause in rows)
    wanted = sum(clause.m for clause in rows)
    return format_html(
        '<span class="seats" role="img" aria-label="{}">{}</span>',
        _("%(taken)d of %(wanted)d signatures") % {"taken": taken, "wanted": wanted},
        format_html_join("", '<span class="clause">{}</span>', ((_marks(clause),) for clause in rows)),
    )


def _marks(clause: Any) -> SafeString:
    kinds = ["taken"] * clause.taken + ["firm"] * (clause.m - clause.taken) + ["light"] * clause.spare
    return format_html_join("", '<i class="{}"></i>', ((kind,) for kind in kinds))


@register.simple_tag
def seat_marks(firm: int, light: int) -> SafeString:
    """Seats that must be taken, and some of those for others who could."""
    kinds = ["firm"] * min(firm, MOST_MARKS) + ["light"] * min(light, MOST_MARKS)
    return format_html_join("", '<i class="{}"></i>', ((kind,) for kind in kinds))


@register.filter
def initials(name: str) -> str:
    """At most two letters that stand for a person in a seat."""
    parts = str(name).split()
    return (parts[0][:1] + (parts[-1][:1] if len(parts) > 1 else parts[0][1:2])).upper() if parts else "?"


@register.filter
def get(mapping: dict[str, Any], key: str) -> Any:
    """`mapping[key]`, or None."""
    return mapping.get(key)
