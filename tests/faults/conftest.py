"""Hosts in network namespaces, where they can be made."""

import pytest

from tests.faults.namespaces import NoNamespaces
from tests.faults.network import Network


@pytest.fixture
def network():
    """Two sites 20 ms apart: two hosts at one, one at the other."""
    made = Network(milliseconds=20)
    try:
        made.add_site("ams", "ams-1", "ams-2")
        made.add_site("fra", "fra-1")
        made.connect()
        yield made
    except NoNamespaces as missing:
        pytest.skip(f"hosts cannot be made here: there is no {missing}")
    finally:
        made.close()
