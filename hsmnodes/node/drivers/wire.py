"""What the agent and a driver process say to each other.

Frames, each a length (four bytes, big-endian) and JSON in which bytes are base64. The first
frame is a `Launch`, answered once the module is loaded; then each request is answered by one reply, in turn.
The requests and replies are made from the methods of `Driver`, so they cannot differ from it. PINs travel in
requests and nowhere else: not in arguments of the process, its environment, logs or errors.
"""

import inspect
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_type_hints

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, create_model

from hsmnodes.node.drivers.base import Driver, PinSource
from hsmnodes.node.drivers.errors import DriverError, ErrorReport, InvalidRequest
from hsmnodes.node.drivers.pkcs11.profile import Profile
from hsmnodes.node.drivers.values import Pin, Value

LENGTH = struct.Struct(">I")
LONGEST_FRAME = 64 << 20  # the list of 10,000 RSA keys is 20 MB


class Message(Value):
    """A message; an error about it never repeats what was in it."""

    model_config = ConfigDict(hide_input_in_errors=True)


class Launch(Message):
    """The first message to a driver process: which module it drives, and where."""

    profile: Profile
    directory: Path


class Answer(Message):
    """A reply: a result or an error."""

    error: ErrorReport | None = None


@dataclass(frozen=True)
class Method:
    """One method of `Driver` as a request and a reply."""

    name: str
    arguments: type[Message]
    request: type[Any]
    reply: type[Answer]


def _method(name: str, function: Callable[..., Any]) -> Method:
    hints = get_type_hints(function, include_extras=True)
    result = hints.pop("return")
    fields: dict[str, Any] = {
        parameter: (Pin if hints[parameter] == PinSource else hints[parameter], ...)
        for parameter in list(inspect.signature(function).parameters)[1:]
    }
    arguments = create_model(f"{name}.arguments", __base__=Message, **fields)
    called: dict[str, Any] = {"method": (Literal[name], ...), "arguments": (arguments, ...)}
    request = create_model(f"{name}.request", __base__=Message, **called)
    reply = create_model(f"{name}.reply", __base__=Answer, result=(result | None, None))
    return Method(name, arguments, request, reply)


METHODS = {name: _method(name, getattr(Driver, name)) for name in sorted(Driver.__abstractmethods__)}

_ANY_REQUEST: Any = Union[tuple(method.request for method in METHODS.values())]  # noqa: UP007 -- made here
_REQUEST: TypeAdapter[Any] = TypeAdapter(Annotated[_ANY_REQUEST, Field(discriminator="method")])


def request(name: str, arguments: Mapping[str, Any]) -> bytes:
    """The request to call a method. Raises `InvalidRequest` without repeating the arguments."""
    method = METHODS[name]
    try:
        checked = method.arguments(**arguments)
    except ValidationError as error:
        raise InvalidRequest(_places(name, error)) from None
    document: str = method.request(method=name, arguments=checked).model_dump_json()
    return document.encode()


def read_request(payload: bytes) -> tuple[str, dict[str, Any]]:
    """The method and the arguments of a request. Raises `InvalidRequest`."""
    try:
        read = _REQUEST.validate_json(payload)
    except ValidationError as error:
        raise InvalidRequest(_places("a request", error)) from None
    return read.method, {name: getattr(read.arguments, name) for name in type(read.arguments).model_fields}


def reply(name: str, result: object) -> bytes:
    """The reply to a call that returned."""
    return METHODS[name].reply.model_validate({"result": result}).model_dump_json().encode()


def refusal(error: DriverError) -> bytes:
    """The reply to a call that raised."""
    return Answer(error=ErrorReport.of(error)).model_dump_json().encode()


def read_reply(name: str, payload: bytes) -> Any:
    """The result in a reply. Raises the error in it."""
    read: Any = METHODS[name].reply.model_validate_json(payload)
    if read.error is not None:
        raise read.error.error()
    return read.result


def frame(payload: bytes) -> bytes:
    """A payload with its length before it. Raises `InvalidRequest` if it is too long."""
    if len(payload) > LONGEST_FRAME:
        raise InvalidRequest(f"a message to or from a driver is at most {LONGEST_FRAME} bytes")
    return LENGTH.pack(len(payload)) + payload


def read_frame(read: Callable[[int], bytes]) -> bytes | None:
    """The next payload, or `None` at the end. `read` gives exactly as many bytes, or fewer at the end."""
    header = read(LENGTH.size)
    if len(header) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(header)
    if length > LONGEST_FRAME:
        raise InvalidRequest(f"a message to or from a driver is at most {LONGEST_FRAME} bytes")
    payload = read(length)
    return payload if len(payload) == length else None


def _places(what: str, error: ValidationError) -> str:
    """Which parts of a message are wrong and why, without their values."""
    errors = error.errors(include_input=False, include_url=False)
    problems = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in errors)
    return f"{what} was called wrongly ({problems})"
