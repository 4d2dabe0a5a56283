"""An address is used only once a code that was sent there has come back."""

import pytest

from tenants.errors import Invalid, WrongState
from tenants.models import Letter, MailAddress
from tenants.notices import addresses
from tests.cast.people import EMIL, FAY

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(world):
    return addresses.ask_for_address(person=world.person(EMIL), address="emil@bank.example")


def wrong(asked):
    return f"{(int(addresses.code_of(asked)) + 1) % 10**8:08d}"


def test_the_code_makes_it_count(world, asked):
    code = addresses.code_of(asked)
    assert addresses.confirm_address(person=world.person(EMIL), code=f" {code[:4]} {code[4:]}").confirmed_at


def test_another_code_does_not_and_five_of_them_end_it(world, asked):
    for _ in range(addresses.MOST_TRIES):
        with pytest.raises(Invalid, match="not the code"):
            addresses.confirm_address(person=world.person(EMIL), code=wrong(asked))
    with pytest.raises(WrongState, match="new one"):
        addresses.confirm_address(person=world.person(EMIL), code=addresses.code_of(asked))
    assert MailAddress.objects.get().confirmed_at is None


def test_after_an_hour_it_is_too_late(world, asked, later):
    later(minutes=61)
    with pytest.raises(WrongState):
        addresses.confirm_address(person=world.person(EMIL), code=addresses.code_of(asked))


def test_somebody_else_cannot_confirm_it(world, asked):
    with pytest.raises(WrongState):
        addresses.confirm_address(person=world.person(FAY), code=addresses.code_of(asked))


def test_no_second_code_within_a_minute(world, asked, later):
    with pytest.raises(WrongState, match="less than a minute"):
        addresses.ask_for_address(person=world.person(EMIL), address="other@bank.example")
    later(seconds=61)
    again = addresses.ask_for_address(person=world.person(EMIL), address="emil@bank.example")
    assert addresses.code_of(again) != addresses.code_of(asked)
    assert Letter.objects.filter(kind="code").count() == 2


@pytest.mark.parametrize(
    "address",
    ["", "emil", "emil@", "a@b@c.example", "emil@bank.example\nBcc: ivo@lumen.example", "é@bank.example"],
)
def test_what_is_no_address_is_refused(world, address):
    with pytest.raises(Invalid):
        addresses.ask_for_address(person=world.person(EMIL), address=address)
    assert not Letter.objects.exists()


def test_nothing_in_the_database_tells_the_code(asked):
    stored = repr([list(MailAddress.objects.values()), list(Letter.objects.values())])
    assert addresses.code_of(asked) not in stored
