"""Fixtures for webhooks: a receiver on this machine, which the operator has allowed."""

import ipaddress

import pytest

from tenants.notices import kinds
from tenants.webhooks import endpoints
from tests.cast.people import GUS
from tests.tenants.webhooks.receiver import Receiver


@pytest.fixture
def loopback_allowed(settings):
    settings.WEBHOOK_NETWORKS = [ipaddress.ip_network("127.0.0.0/8")]


@pytest.fixture
def receiver(loopback_allowed):
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def add(world):
    """Adds a webhook of the member's organisation."""

    def adding(url, *, by=GUS, name="Tickets", events=(kinds.PROPOSAL_WAITING,)):
        return endpoints.add_webhook(name=name, url=url, events=list(events), by=world.person(by))

    return adding
