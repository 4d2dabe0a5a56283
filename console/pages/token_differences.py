"""What two versions of a charter say of one token otherwise, in plain words. For reading only."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from console.pages import wording
from hsmnodes.node.protocol.documents import Person, Token


def told_otherwise(before: Person, after: Person) -> list[tuple[Token, Token]]:
    """The tokens of a person that stay, by credential and key, and of which something else is said."""
    held = {(one.credential_id, one.public_key): one for one in before.tokens}
    both = [(held.get((one.credential_id, one.public_key)), one) for one in after.tokens]
    return [(was, now) for was, now in both if was is not None and was.facts != now.facts]


def sentences(before: Person, after: Person) -> Iterator[str]:
    """What is said of each such token, and what was said."""
    for was, now in told_otherwise(before, after):
        told = [
            _("%(after)s, instead of %(before)s") % {"before": old, "after": new}
            for old, new in zip(_facts(was), _facts(now), strict=True)
            if old != new
        ]
        yield _(
            "Of the token “%(label)s” of %(name)s the charter says: %(told)s. "
            "Its holder signs for that with it."
        ) % {"label": was.label, "name": after.name, "told": wording.names(told, last="and")}


def _facts(token: Token) -> list[Any]:
    make = (
        _("its make is proved (%(format)s)")
        if token.attestation.trusted
        else _("its make is not proved (%(format)s)")
    )
    return [
        _("it is called “%(label)s”") % {"label": token.label},
        make % {"format": token.attestation.format},
        _("it is of the model %(model)s") % {"model": token.aaguid},
        _("it can be synced") if token.backup_eligible else _("it cannot be synced"),
    ]
