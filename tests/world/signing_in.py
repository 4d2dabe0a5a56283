"""A browser session as if the person had just been at the desk."""

import time

from django.test import Client

from console.sessions import BEGAN, EPOCH, PERSON, SEEN, SHOWN, TOKEN
from tenants.models import Person


def sign_in(client: Client, person: Person, *, at: float | None = None) -> Client:
    """Let `client` be signed in as `person`, whose token was shown at the time `at` (now)."""
    now = int(at or time.time())
    session = client.session
    session.update(
        {
            PERSON: person.id,
            EPOCH: person.session_epoch,
            TOKEN: person.tokens.first().id,
            BEGAN: now,
            SHOWN: now,
            SEEN: now,
        }
    )
    session.save()
    return client
