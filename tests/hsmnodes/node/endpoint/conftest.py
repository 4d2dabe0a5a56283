from contextlib import ExitStack

import pytest

from tests.hsmnodes.node.endpoint.serving import Host, connected, served

OF_THE_WEBSHOP = (("orders", ("sign",)), ("letters", ("sign",)))


@pytest.fixture(scope="module")
def node():
    """A node that serves applications."""
    with served() as one:
        yield one


@pytest.fixture(scope="module")
def connect(node, tmp_path_factory):
    """Makes hosts of applications that are admitted and connected, and stops them in the end."""
    with ExitStack() as stack:

        def make(name: str, *keys, by: str = "haproxy") -> Host:
            return stack.enter_context(connected(node, tmp_path_factory.mktemp("h"), name, *keys, by=by))

        yield make


@pytest.fixture(scope="module")
def webshop(connect):
    """The host of the webshop, which may sign with `orders`, and sign (not decrypt) with `letters`."""
    return connect("webshop", *OF_THE_WEBSHOP)
