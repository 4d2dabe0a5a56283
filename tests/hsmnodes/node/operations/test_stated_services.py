"""A signed statement and the service it is about: what both sides started, in the mode they started it in."""

import pytest

from hsmnodes.node.operations.statement.file import verify_file
from hsmnodes.node.protocol.documents.statement import StatedService
from hsmnodes.node.protocol.errors import Refused
from tests.cast.deployment import PAYMENTS_SERVICE, Deployment
from tests.cast.people import CUSTODIANS, GUS, IVO, OLGA, named
from tests.cast.statements import file_of, sign_statement, start, statement_of
from tests.hsmnodes.node.operations.test_statements import NOW, refused, verify


@pytest.fixture
def cast():
    return Deployment(now=NOW)


@pytest.fixture
def zone(cast):
    return cast.zone(members=CUSTODIANS)


@pytest.fixture
def statement(cast, zone):
    return statement_of(cast, zone)


@pytest.fixture
def file(cast, zone, statement):
    return file_of(cast, statement, sign_statement(cast, statement), zone)


def with_starts(cast, zone, statement, *starts):
    return file_of(cast, statement, sign_statement(cast, statement), zone, starts=starts)


def test_a_mode_that_the_service_was_not_started_in_is_refused(cast, zone):
    """Both sides signed a statement that calls it exclusive; what they started is a slot beside others."""
    service = StatedService(id=PAYMENTS_SERVICE.id, name=PAYMENTS_SERVICE.name, mode="exclusive")
    lying = statement_of(cast, zone, service=service)
    refused(cast, with_starts(cast, zone, lying, start(cast)), "other-service")
    assert verify(cast, with_starts(cast, zone, lying, start(cast, mode="exclusive"))).statement == lying


def test_several_starts_on_further_nodes_say_the_same_or_are_refused(cast, zone, statement):
    assert verify(cast, with_starts(cast, zone, statement, start(cast), start(cast)))
    other_mode = start(cast, mode="exclusive")
    refused(cast, with_starts(cast, zone, statement, start(cast), other_mode), "other-service")


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (lambda cast: start(cast, officers=(GUS,)), "quorum-not-met"),
        (lambda cast: start(cast, officers=()), "quorum-not-met"),
        (lambda cast: start(cast, service=named("Other service")), "other-service"),
        (lambda cast: start(cast, customer=cast.lumen, officers=(IVO, OLGA)), "other-service"),
        (lambda cast: sign_statement(cast, statement_of(cast)), "other-service"),
    ],
    ids=["one officer too few", "the provider alone", "another service", "another customer", "no start"],
)
def test_a_warrant_that_did_not_start_it_proves_nothing(cast, zone, statement, made, code):
    refused(cast, with_starts(cast, zone, statement, made(cast)), code)
    refused(cast, with_starts(cast, zone, statement, start(cast), made(cast)), code)


def test_without_the_warrant_that_started_it_there_is_no_file(file):
    data = file.model_dump_json().replace(f'"starts":["{file.starts[0]}"]', '"starts":[]').encode()
    assert data != file.model_dump_json().encode()
    with pytest.raises(Refused):
        verify_file(data, provider="00" * 32, customer="00" * 32)
