"""Where a person's e-mail goes: an address counts once a code that was sent there has come back.

The code is typed in by the person, who is signed in; nothing is confirmed by following a link.
"""

import hmac
import secrets
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from tenants import clock, log
from tenants.errors import Invalid, WrongState
from tenants.log import Event
from tenants.models import Letter, LetterKind, MailAddress, Person

GOOD_FOR: Final = timedelta(hours=1)
NOT_AGAIN_WITHIN: Final = timedelta(minutes=1)
MOST_TRIES: Final = 5
DIGITS: Final = 8


@transaction.atomic
def ask_for_address(*, person: Person, address: str) -> MailAddress:
    """Have a code sent to an address that is to be the person's; until it comes back, none is in use.

    Raises Invalid for what is no address, and WrongState if the last code was sent just now.
    """
    address = address.strip()
    try:
        validate_email(address)
    except ValidationError:
        raise Invalid("bad-address", "This is not an e-mail address.") from None
    if len(address) > MailAddress._meta.get_field("address").max_length or not address.isascii():  # noqa: SLF001
        raise Invalid("bad-address", "An address has at most 254 characters, and none beyond ASCII.")
    known = MailAddress.objects.select_for_update(no_key=True).filter(person=person).first()
    now = clock.now()
    if known is not None and known.confirmed_at is None and now - known.asked_at < NOT_AGAIN_WITHIN:
        raise WrongState("too-soon", "A code was sent less than a minute ago. Wait for it, or a little.")
    salt = secrets.token_hex(32)
    asked, _ = MailAddress.objects.update_or_create(
        person=person,
        defaults={"address": address, "salt": salt, "asked_at": now, "tries": 0, "confirmed_at": None},
    )
    Letter.objects.create(
        key=f"code:{person.pk}:{salt[:32]}",
        kind=LetterKind.CODE,
        person=person,
        created_at=now,
        next_at=now,
    )
    return asked


def confirm_address(*, person: Person, code: str) -> MailAddress:
    """Take the code that came to the address. Raises WrongState, and Invalid for another code."""
    with transaction.atomic():
        asked = (
            MailAddress.objects.select_for_update(no_key=True)
            .filter(person=person, confirmed_at=None)
            .first()
        )
        if asked is None or clock.now() - asked.asked_at > GOOD_FOR or asked.tries >= MOST_TRIES:
            raise WrongState("no-code", "No code is good any more. Have a new one sent.")
        right = hmac.compare_digest(code_of(asked).encode(), "".join(code.split()).encode())
        asked.tries += 1
        asked.confirmed_at = clock.now() if right else None
        asked.save(update_fields=["tries", "confirmed_at"])
        if right:
            _log(person, f"{person.name} has notices sent by e-mail.")
    if not right:
        raise Invalid("wrong-code", "This is not the code that was sent.")
    return asked


@transaction.atomic
def forget_address(*, person: Person) -> None:
    """Send the person no e-mail any more."""
    if MailAddress.objects.filter(person=person).delete()[0]:
        _log(person, f"{person.name} has no notices sent by e-mail any more.")


def code_of(asked: MailAddress) -> str:
    """The code that confirms an address: eight digits that nobody can tell who has not this console's key."""
    text = f"quorate/mail-address/v1:{asked.person_id}:{asked.salt}:{asked.address}"
    digest = hmac.digest(settings.SECRET_KEY.encode(), text.encode(), "sha256")
    return f"{int.from_bytes(digest[:8]) % 10**DIGITS:0{DIGITS}d}"


def _log(person: Person, summary: str) -> None:
    log.record(
        Event.MAIL_ADDRESS_CHANGED,
        summary,
        about=log.about_within(person.organisation, "person", person.pk),
        actor=person,
    )
