import pytest

from tests.cast.deployment import Deployment
from tests.hsmnodes.node.agent.making import Site


@pytest.fixture
def cast():
    return Deployment()


@pytest.fixture
def make_site(tmp_path, cast):
    """Makes nodes with fake drivers, or others, and stops them."""
    made = []

    def make(**options):
        made.append(Site(tmp_path, options.pop("cast", cast), **options))
        return made[-1]

    yield make
    for site in made:
        site.stop()


@pytest.fixture
def zone(cast):
    """Payments, a zone of Meridian Bank."""
    return cast.zone()


@pytest.fixture
def site(make_site, zone):
    """A node with a slot for Payments."""
    return make_site().with_zone(zone)
