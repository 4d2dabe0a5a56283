"""Fixtures for what comes from the console to the nodes."""

import pytest


@pytest.fixture
def owned(world, no_broker, tmp_path):
    """A console whose owner is the attacker, with an enrolled node behind it."""
    from tests.hsmnodes.owned import Owned

    made = Owned(tmp_path, world, no_broker)
    yield made
    made.site.stop()
