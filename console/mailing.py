"""E-mails to people: made from what they were told, when they are sent. They hold no secret and sign nothing.

A link leads to the page, where whoever follows it has to sign in; the eight words of a fingerprint are not in
an e-mail, since they prove something only where people read them to each other.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from console.pages.places import path_to
from tenants.models import Letter, LetterKind, Notice
from tenants.notices import addresses, letters, subjects
from tenants.notices.kinds import title_of
from tenants.notices.plain import without_fingerprints

logger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Item:
    """One notice as an e-mail shows it."""

    title: str
    summary: str
    at: str
    address: str


def send_due() -> int:
    """Send the letters that are due; how many were handed to the mail server."""
    return sum(_send(letter) for letter in letters.take_due())


def _send(letter: Letter) -> bool:
    address = letters.address_for(letter)
    try:
        message = _message(letter, address) if address else None
        if message is None:
            letters.note_needless(letter)
            return False
        message.send()
    except OSError as error:  # the mail server's: smtplib's errors are of this kind, too
        logger.warning("mail-not-sent", letter=letter.pk, error=type(error).__name__)
    except Exception:
        # One letter that cannot be made is not to keep the others waiting.
        logger.exception("mail-not-made", letter=letter.pk)
    else:
        letters.note_sent(letter)
        return True
    letters.note_failed(letter)
    return False


def _message(letter: Letter, address: str) -> EmailMultiAlternatives | None:
    """The e-mail, or None if nothing is left to say in it: what was read meanwhile is not said again."""
    if letter.kind == LetterKind.CODE:
        return _made(letter, address, _("The code for your e-mail address"), "code", _code(letter))
    items = [
        _item(notice)
        for notice in letter.notices.filter(read_at=None).select_related("occasion").order_by("created_at")
        if subjects.sees(letter.person, notice.occasion)
    ]
    if not items:
        return None
    if letter.kind == LetterKind.DIGEST:
        count = len(items)
        subject = ngettext("%(n)d notice since yesterday", "%(n)d notices since yesterday", count) % {
            "n": count
        }
    else:
        subject = items[0].title
    return _made(letter, address, subject, "notices", {"items": items})


def _made(
    letter: Letter, address: str, subject: str, template: str, context: dict[str, Any]
) -> EmailMultiAlternatives:
    context = {
        **context,
        "subject": subject,
        "person": letter.person,
        "is_demo": settings.DEMO,
        "console": settings.CONSOLE_ORIGIN,
        "preferences": settings.CONSOLE_ORIGIN + reverse("notice-settings"),
    }
    message = EmailMultiAlternatives(
        f"Quorate: {subject}",
        render_to_string(f"console/mail/{template}.txt", context),
        to=[address],
        headers={
            # The same for a letter that is sent again because nobody knew whether it had been.
            "Message-ID": f"<{letter.pk}@{urlsplit(settings.CONSOLE_ORIGIN).hostname}>",
            "Auto-Submitted": "auto-generated",  # RFC 3834: no automatic answers
        },
    )
    message.attach_alternative(render_to_string(f"console/mail/{template}.html", context), "text/html")
    return message


def _item(notice: Notice) -> Item:
    occasion = notice.occasion
    return Item(
        title=title_of(occasion),
        summary=without_fingerprints(occasion.summary),
        at=f"{occasion.at:%d %b %Y, %H:%M} UTC",
        address=settings.CONSOLE_ORIGIN + path_to(occasion.subject_kind, occasion.subject),
    )


def _code(letter: Letter) -> dict[str, Any]:
    asked = letter.person.mail_address
    return {"code": addresses.code_of(asked)}
