"""What is known against models, in words."""

from collections.abc import Iterable, Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

WORDS: Final[Mapping[str, str | Promise]] = {
    "USER_VERIFICATION_BYPASS": gettext_lazy("its PIN or biometrics can be bypassed"),
    "ATTESTATION_KEY_COMPROMISE": gettext_lazy("others can make tokens that pass for it"),
    "USER_KEY_REMOTE_COMPROMISE": gettext_lazy("its keys can be taken from afar"),
    "USER_KEY_PHYSICAL_COMPROMISE": gettext_lazy("its keys can be taken by whoever has it in hand"),
    "REVOKED": gettext_lazy("its certification was revoked"),
}


def in_words(compromises: Iterable[tuple[str, str]]) -> str:
    """What such reports come to: “its keys can be taken from afar (since 2026-01-31); …”."""
    return "; ".join(_said(status, since) for status, since in compromises)


def _said(status: str, since: str) -> str:
    words = str(WORDS.get(status, status))
    return _("%(what)s (since %(date)s)") % {"what": words, "date": since} if since else words
