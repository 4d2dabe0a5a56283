"""The pages of webhooks: the secret is shown once, and what went where can be seen and sent again."""

import re
import time

import pytest

from tenants.models import Delivery, LogEntry, Webhook
from tenants.notices import kinds
from tenants.webhooks import deliveries, signing
from tenants.webhooks.transport import Answer
from tests.cast.people import DINA, GUS, LEA
from tests.world.signing_in import sign_in

pytestmark = pytest.mark.django_db
WANTED = {
    "name": "Tickets",
    "url": "https://hooks.example/quorate?room=7",
    "events": [kinds.PROPOSAL_WAITING],
}


@pytest.fixture
def gus(as_):
    return as_(GUS)


@pytest.fixture
def added(gus):
    """The page on which the secret stood."""
    return gus.post("/webhooks/add", WANTED)


def test_the_secret_is_shown_once(gus, added, as_):
    webhook = Webhook.objects.get()
    secret = signing.shown_secret(webhook.salt)
    assert secret in added.content.decode()
    assert added.headers["Cache-Control"] == "no-store"
    for browser in (gus, as_(LEA)):
        for path in ("/webhooks", f"/webhooks/{webhook.pk}", f"/webhooks/{webhook.pk}/change", "/log"):
            text = browser.get(path).content.decode()
            assert secret not in text
            assert webhook.salt not in text


def test_a_new_one_is_another_and_shown_once_too(gus, added):
    webhook = Webhook.objects.get()
    page = gus.post(f"/webhooks/{webhook.pk}/secret").content.decode()
    webhook.refresh_from_db()
    assert signing.shown_secret(webhook.salt) in page
    assert signing.shown_secret(webhook.previous_salt) not in page
    assert signing.shown_secret(webhook.salt) not in gus.get(f"/webhooks/{webhook.pk}").content.decode()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"url": "http://hooks.example/"}, "https:// URL"),
        ({"url": "https://127.0.0.1/"}, "not a public address"),
        ({"url": "https://[::ffff:10.0.0.1]/"}, "not a public address"),
        ({"url": "https://user:pass@hooks.example/"}, "neither a user"),
        ({"events": []}, "Choose at least one event"),
        ({"name": ""}, "Give it a name"),
    ],
)
def test_what_cannot_be_is_refused_where_it_stands(gus, change, said):
    answer = gus.post("/webhooks/add", WANTED | change)
    assert (answer.status_code, said in answer.content.decode()) == (422, True)
    assert not Webhook.objects.exists()


def test_a_name_is_used_once(gus, added):
    answer = gus.post("/webhooks/add", WANTED)
    assert "with this name already" in answer.content.decode()
    assert Webhook.objects.count() == 1


def test_how_each_message_went_can_be_seen_and_it_sent_again(gus, added):
    webhook = Webhook.objects.get()
    gus.post(f"/webhooks/{webhook.pk}/test")
    delivery = Delivery.objects.get()
    delivery.attempts = 1
    deliveries.note_answer(delivery, Answer(503, "", 41))
    page = gus.get(f"/webhooks/{webhook.pk}").content.decode()
    assert delivery.pk in page
    assert re.search(r'<span class="mono">503</span> <span class="faint">41 ms', page)
    assert gus.post(f"/webhooks/{webhook.pk}/deliveries/{delivery.pk}/again").status_code == 302
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == ("waiting", 0)


def test_it_is_changed_disabled_enabled_and_removed_and_the_log_has_it(gus, added):
    webhook = Webhook.objects.get()
    other = WANTED | {"name": "Chat", "url": "https://chat.example/secret-room"}
    assert gus.post(f"/webhooks/{webhook.pk}/change", other).status_code == 302
    for _ in range(2):
        gus.post(f"/webhooks/{webhook.pk}/switch")
    gus.post(f"/webhooks/{webhook.pk}/remove")
    assert not Webhook.objects.exists()
    said = LogEntry.objects.filter(event__startswith="webhook.").order_by("sequence")
    assert [one.event.removeprefix("webhook.") for one in said] == [
        "added",
        "changed",
        "changed",
        "enabled",
        "removed",
    ]
    # What is in a URL after its host may open something: it is not for everyone who reads the log.
    assert not any("secret-room" in one.summary or "room=7" in one.summary for one in said)


@pytest.mark.parametrize("act", ["secret", "remove", "change"])
def test_what_sends_elsewhere_takes_a_token_that_was_shown_just_now(added, world, client, act):
    webhook = Webhook.objects.get()
    sign_in(client, world.person(GUS), at=time.time() - 1000)
    answer = client.post(f"/webhooks/{webhook.pk}/{act}", WANTED)
    assert (answer.status_code, "/sign-in" in answer.headers["Location"]) == (302, True)
    assert Webhook.objects.get().salt == webhook.salt


def test_a_key_manager_does_not_look_after_them(added, as_):
    webhook = Webhook.objects.get()
    for path in ("", "test", "switch"):
        method = "post" if path else "get"
        answer = getattr(as_(DINA), method)(f"/webhooks/{webhook.pk}/{path}".rstrip("/"))
        assert answer.status_code == 403
