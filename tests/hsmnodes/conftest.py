"""Fixtures for what comes from the console to the nodes."""

import pytest


@pytest.fixture
def owned(world, no_broker, tmp_path):
    """A console whose owner is the attacker, with an enrolled node behind it."""
    from tests.hsmnodes.owned import Owned

    made = Owned(tmp_path, world, no_broker)
    yield made
    made.site.stop()


@pytest.fixture
def store(tmp_path, settings):
    """A store of backups of its own."""
    settings.STORAGES = settings.STORAGES | {
        "backups": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path / "backups"},
        }
    }
    return tmp_path / "backups"


@pytest.fixture
def zone(world, node, once):
    """Payments with two keys on the node, of which nothing is backed up any more."""
    from tests.world.zones import with_two_keys

    return once(lambda: with_two_keys(world, node), node)
