"""Alarms of machines, and of what ends, reach people in the console, by e-mail and webhook; their end too."""

from datetime import timedelta

import pytest

from console import mailing, watching
from hsmnodes import incoming
from hsmnodes import watching as nodes
from hsmnodes.models import Application
from hsmnodes.node.operations.zone.inventory import digest_of
from tenants import clock
from tenants.models import CharterVersion, Delivery, MailAddress, Notice, NoticeChoice
from tenants.notices import kinds, preferences, telling
from tenants.webhooks import endpoints
from tests.cast.people import CLEO, DINA, GUS, JON
from tests.world.applications import admit
from tests.world.history import FIGURES
from tests.world.nodes import KCV

pytestmark = [pytest.mark.django_db, pytest.mark.both_stacks]

LASTING = {
    kinds.NODE_OFFLINE: ("ams-1 is offline: it was last heard of on", "ams-1 is heard of again."),
    kinds.NODE_OUT_OF_STEP: ("fra-1 is out of step: An older state", "fra-1 is in step again."),
    kinds.NODE_CLOCK: ("lon-1: ", "lon-1: its clock is right again."),
    kinds.NODE_DISK: ("lon-1: its disk is nearly full", "lon-1: its disk has room again."),
    kinds.ZONE_OUT_OF_SERVICE: (
        "Payments is out of service on lon-1",
        "Payments is no longer out of service on lon-1.",
    ),
    kinds.ZONE_OUT_OF_STEP: (
        "Payments: its HSMs do not have",
        "Payments: its HSMs have the same keys again.",
    ),
}
ENDING = {
    kinds.CHARTER_EXPIRING: "The charter of Northgate ends on",
    kinds.APPLICATION_EXPIRING: "Payments: the certificate of the application",
}
THE_PROVIDER_S = {kinds.NODE_CLOCK, kinds.NODE_DISK, kinds.CHARTER_EXPIRING}
THE_CUSTOMER_S = {kinds.APPLICATION_EXPIRING}
PROVIDER, CUSTOMER = (CLEO, JON), (DINA, GUS)


@pytest.fixture
def moment(monkeypatch):
    at = [clock.now()]
    monkeypatch.setattr(clock, "now", lambda: at[0])
    return at


@pytest.fixture
def machines(world):
    """Three nodes of a zone with an application; both sides hear of everything, at once and everywhere."""
    nodes._silent.clear()
    silent, refusing, troubled = world.node(), world.node("fra-1"), world.node("lon-1")
    zone = world.ready_zone(troubled)
    world.key(zone, troubled)
    admit(world, zone, troubled)
    for other in (silent, refusing):
        world.place(zone.service, other)
    for member in (CLEO, DINA):
        person = world.person(member)
        MailAddress.objects.create(
            person=person,
            address=f"{member.name}@example.com",
            salt="ab" * 32,
            asked_at=clock.now(),
            confirmed_at=clock.now(),
        )
        preferences.choose(person=person, choices=dict.fromkeys([*LASTING, *ENDING], NoticeChoice.MAIL))
    for officer in (JON, GUS):
        endpoints.add_webhook(
            name=officer.name,
            url=f"https://{officer.name.lower()}.example.com/",
            events=[*LASTING, *ENDING],
            by=world.person(officer),
        )
    return zone, silent, refusing, troubled


def says(node, moment, *, ahead=0, **said):
    at = int(moment[0].timestamp()) + ahead
    incoming.receive(node.heartbeat_message(at=at, **({"figures": FIGURES} | said)))


def watch(moment, after):
    moment[0] += timedelta(seconds=after)
    watching.look()
    telling.sweep()


def heard(event, words, member, *, over):
    """What the member was told in the console of that."""
    found = Notice.objects.filter(occasion__event=event, occasion__is_over=over, person__name=member.name)
    return [text for one in found if (text := one.occasion.summary).startswith(words)]


def test_each_arrives_everywhere_once_and_so_does_its_end(machines, moment, mailoutbox, settings):
    zone, silent, refusing, troubled = machines
    held = {"id": zone.pk, "keys": 0, "digest": digest_of([]), "epoch": 1, "kcv": KCV}
    out = {"zone": zone.pk, "state": "out", "since": clock.unix_now(), "peer": silent.row.named()}
    trouble = {
        "zones": (held,),
        "standings": (out,),
        "figures": FIGURES | {"disk_free": 2**30},
    }
    CharterVersion.objects.filter(organisation__kind="provider").update(
        valid_until=moment[0] + timedelta(days=40)
    )
    Application.objects.update(valid_until=moment[0] + timedelta(days=40))
    says(silent, moment)
    for _ in range(4):
        says(refusing, moment, state="refusing", reason="An older state was restored.")
        says(troubled, moment, ahead=600, **trouble)
        watch(moment, 50)
        moment[0] += timedelta(seconds=settings.NODE_ALARM_SECONDS)
    mailing.send_due()
    begun = {event: first for event, (first, _end) in LASTING.items()} | ENDING
    check(begun, mailoutbox, over=False)
    for _ in range(3):
        for node in (silent, refusing, troubled):
            says(node, moment)
        watch(moment, 50)
        moment[0] += timedelta(minutes=16)
    mailing.send_due()
    check({event: end for event, (_first, end) in LASTING.items()}, mailoutbox, over=True)


def check(expected, mailoutbox, *, over):
    """Those concerned got each once, in every way; the other side, if it is none of theirs, not at all."""
    for event, words in expected.items():
        sides = {event in THE_PROVIDER_S: [PROVIDER], event in THE_CUSTOMER_S: [CUSTOMER]}
        for member, officer in (concerned := sides.get(True, [PROVIDER, CUSTOMER])):
            told = heard(event, words, member, over=over)
            assert len(told) == 1, (event, member.name, heard(event, "", member, over=over))
            [said] = told
            mails = [one for one in mailoutbox if one.to == [f"{member.name}@example.com"]]
            assert len([one for one in mails if said in one.body]) == 1, event
            sent = Delivery.objects.filter(event=event, webhook__name=officer.name, body__contains=words)
            assert [('"over":true' in one.body) for one in sent] == [over], event
        for member, officer in {PROVIDER, CUSTOMER}.difference(concerned):
            assert not heard(event, "", member, over=over), event
            if event not in THE_CUSTOMER_S:
                assert not Delivery.objects.filter(event=event, webhook__name=officer.name).exists(), event
