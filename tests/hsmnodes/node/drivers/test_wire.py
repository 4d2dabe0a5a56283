"""The messages between the agent and a driver process: strict, and silent about what they carried."""

import json

import pytest
from pkcs11 import exceptions

from hsmnodes.node.drivers import errors, wire
from hsmnodes.node.drivers.base import Driver
from hsmnodes.node.drivers.errors import DriverError, ErrorReport, InvalidRequest, PinRefused
from hsmnodes.node.drivers.pkcs11.failures import failure, failures, return_value_of
from hsmnodes.node.drivers.return_values import ReturnValue, name_of
from hsmnodes.node.drivers.values import Algorithm, Usage
from tests.hsmnodes.node.drivers.cast import spec


def request(**changed) -> bytes:
    return json.dumps(
        {"method": "seal", "arguments": {"plaintext": "AQI=", "context": "Aw=="}} | changed
    ).encode()


def test_a_request_arrives_as_it_was_sent():
    sent = {"spec": spec(1, Algorithm.RSA_2048, Usage.SIGN, Usage.DECRYPT)}
    assert wire.read_request(wire.request("generate_key", sent)) == ("generate_key", sent)
    assert wire.read_request(request()) == ("seal", {"plaintext": b"\x01\x02", "context": b"\x03"})


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"not JSON",
        b"[]",
        request(method="__init__"),
        request(method="call"),
        request(more=1),
        request(arguments={"plaintext": "AQI="}),
        request(arguments={"plaintext": "AQI=", "context": "Aw==", "extra": 1}),
        request(arguments={"plaintext": 5, "context": "Aw=="}),
        request(arguments={"plaintext": "not base64!", "context": "Aw=="}),
    ],
)
def test_anything_but_a_request_is_refused_without_repeating_it(payload):
    with pytest.raises(InvalidRequest) as refused:
        wire.read_request(payload)
    assert "not base64!" not in str(refused.value)


@pytest.mark.parametrize("name", sorted(Driver.__abstractmethods__))
def test_every_method_of_a_driver_can_be_called(name):
    assert name in wire.METHODS


def test_an_answer_that_is_none_is_refused():
    with pytest.raises(DriverError, match="answered wrongly"):
        wire.read_reply("random", b'{"error": null, "result": 7}')


@pytest.mark.parametrize("kind", DriverError.__subclasses__())
def test_every_error_arrives_as_what_it_was(kind):
    sent = kind("could not do it", ck=ReturnValue.DEVICE_ERROR)
    with pytest.raises(kind) as raised:
        wire.read_reply("info", wire.refusal(sent))
    assert (raised.value.detail, raised.value.ck) == ("could not do it", ReturnValue.DEVICE_ERROR)
    assert raised.value.code == "CKR_DEVICE_ERROR"


def test_an_error_of_a_kind_unknown_here_is_still_an_error():
    error = ErrorReport(kind="Exception", detail="could not do it", ck=None).error()
    assert (type(error), error.code) == (DriverError, "driver-error")


def test_an_error_without_a_return_value_has_a_code_of_its_own_and_advice():
    kinds = [DriverError, *DriverError.__subclasses__()]
    assert len({kind.default_code for kind in kinds}) == len(kinds)
    assert all(kind.advice for kind in kinds)
    assert str(errors.DriverDied("the driver process died")) == "the driver process died (driver-died)"


@pytest.mark.parametrize(
    ("raised", "name"),
    [
        (exceptions.PinIncorrect, "CKR_PIN_INCORRECT"),
        (exceptions.RandomNoRNG, "CKR_RANDOM_NO_RNG"),
        (exceptions.SlotIDInvalid, "CKR_SLOT_ID_INVALID"),
        (exceptions.SessionReadWriteSOExists, "CKR_SESSION_READ_WRITE_SO_EXISTS"),
        (exceptions.AnotherUserAlreadyLoggedIn, "CKR_USER_ANOTHER_ALREADY_LOGGED_IN"),
        (exceptions.FunctionCancelled, "CKR_FUNCTION_CANCELED"),
        (exceptions.TokenNotRecognised, "CKR_TOKEN_NOT_RECOGNIZED"),
    ],
)
def test_the_return_value_is_recovered_from_python_pkcs11s_exceptions(raised, name):
    assert name_of(return_value_of(raised())) == name


def test_every_exception_of_python_pkcs11_for_a_return_value_is_known():
    own = {"PKCS11Error", "MultipleObjectsReturned", "MultipleTokensReturned", "NoSuchKey", "NoSuchToken"}
    own |= {"NoEvent"} - {name for name in ("NoEvent",) if "NO_EVENT" in ReturnValue.__members__}
    kinds = [kind for kind in exceptions.PKCS11Error.__subclasses__() if kind.__name__ not in own]
    assert len(kinds) > 60
    assert [kind.__name__ for kind in kinds if return_value_of(kind()) is None] == []


def test_a_return_value_that_the_library_does_not_know_keeps_its_number():
    assert (
        return_value_of(exceptions.PKCS11Error("Unmapped error code 0x1b")) == ReturnValue.ACTION_PROHIBITED
    )
    assert failure("try", 0x80000042).code == "CKR_0x80000042"
    assert return_value_of(exceptions.PKCS11Error("Should never see this.")) is None


def test_a_failure_says_what_was_tried_and_nothing_that_the_library_said():
    with pytest.raises(PinRefused) as refused, failures("open the token"):
        raise exceptions.PinIncorrect("wrong-pin-99")
    assert str(refused.value) == "could not open the token (CKR_PIN_INCORRECT)"
    assert refused.value.__cause__ is None
