"""A browser session as if the person had just been at the desk."""

import time

from django.test import Client

from console.sessions import BEGAN, EPOCH, PERSON, RECORD, SEEN, SHOWN, TOKEN, open_record
from tenants.models import Person


def sign_in(client: Client, person: Person, *, at: float | None = None) -> Client:
    """Let `client` be signed in as `person`, whose token was shown at the time `at` (now)."""
    now = int(at or time.time())
    token = person.tokens.first()
    record = open_record(person=person, token=token, browser="Chrome on Linux", at=now)
    session = client.session
    session.update(
        {
            PERSON: person.id,
            EPOCH: person.session_epoch,
            TOKEN: token.id,
            RECORD: record.pk,
            BEGAN: now,
            SHOWN: now,
            SEEN: now,
        }
    )
    session.save()
    return client
