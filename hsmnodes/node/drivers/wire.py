"""What the agent and a driver process say to each other.

Frames, each a length (four bytes, big-endian) and JSON in which bytes are base64. The first frame is a
`Launch`, answered once the module is loaded; then each request is answered by one reply, in turn.
The requests and replies are made from the methods of `Driver`, so they cannot differ from it. PINs travel in
requests and nowhere else: not in arguments of the process, its environment, logs or errors.
"""

import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_type_hints

from pydantic import Field, TypeAdapter, ValidationError, create_model

from hsmnodes.node.drivers.arguments import METHODS, Arguments, checked, problems
from hsmnodes.node.drivers.base import Driver
from hsmnodes.node.drivers.errors import DriverError, ErrorReport, InvalidRequest
from hsmnodes.node.drivers.pkcs11.profile import Profile
from hsmnodes.node.drivers.values import Value

LENGTH = struct.Struct(">I")
LONGEST_FRAME = 64 << 20  # the list of 10,000 RSA keys is 20 MB


class Launch(Value):
    """The first message to a driver process: which module it drives, and where."""

    profile: Profile
    directory: Path


class Answer(Value):
    """A reply to a launch, and what every reply has: the error, if there was one."""

    error: ErrorReport | None = None


def _request_of(name: str) -> Any:
    called: dict[str, Any] = {"method": (Literal[name], ...), "arguments": (METHODS[name], ...)}
    return create_model(f"{name}.request", __base__=Arguments, **called)


def _reply_of(name: str) -> Any:
    result = get_type_hints(getattr(Driver, name), include_extras=True)["return"]
    return create_model(f"{name}.reply", __base__=Answer, result=(result | None, None))


_REQUESTS: dict[str, Any] = {name: _request_of(name) for name in METHODS}
_REPLIES: dict[str, Any] = {name: _reply_of(name) for name in METHODS}
_ANY_REQUEST: Any = Union[tuple(_REQUESTS.values())]  # noqa: UP007 -- made from the methods
_REQUEST: TypeAdapter[Any] = TypeAdapter(Annotated[_ANY_REQUEST, Field(discriminator="method")])


def request(method: str, arguments: Mapping[str, object]) -> bytes:
    """The request to call a method. Raises `InvalidRequest`."""
    document: str = _REQUESTS[method](method=method, arguments=checked(method, arguments)).model_dump_json()
    return document.encode()


def read_request(payload: bytes) -> tuple[str, dict[str, Any]]:
    """The method and the arguments of a request. Raises `InvalidRequest`."""
    try:
        read = _REQUEST.validate_json(payload)
    except ValidationError as error:
        raise InvalidRequest(f"a request is wrong ({problems(error)})") from None
    return read.method, {name: getattr(read.arguments, name) for name in type(read.arguments).model_fields}


def reply(name: str, result: object) -> bytes:
    """The reply to a call that returned."""
    document: str = _REPLIES[name].model_construct(result=result).model_dump_json(warnings="error")
    return document.encode()


def refusal(error: DriverError) -> bytes:
    """The reply to a call that raised."""
    return Answer(error=ErrorReport.of(error)).model_dump_json().encode()


def read_reply(name: str, payload: bytes) -> Any:
    """The result in the reply to a call. Raises the error in it."""
    return _without_error(_REPLIES[name], payload).result


def read_launched(payload: bytes) -> None:
    """Raise the error in the reply to a launch, if there is one."""
    _without_error(Answer, payload)


def _without_error(model: Any, payload: bytes) -> Any:
    try:
        answer = model.model_validate_json(payload)
    except ValidationError as error:
        raise DriverError(f"the driver process answered wrongly ({problems(error)})") from None
    if answer.error is not None:
        raise answer.error.error()
    return answer


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
