"""The arguments of each driver method as a strict model, made from the types in `Driver`."""

import inspect
from collections.abc import Mapping
from typing import Any, get_type_hints

from pydantic import ConfigDict, ValidationError, create_model

from hsmnodes.node.drivers.base import Driver, PinSource
from hsmnodes.node.drivers.errors import InvalidRequest
from hsmnodes.node.drivers.values import Pin, Value


class Arguments(Value):
    """The arguments of one method. Errors about them never repeat them: they may hold a PIN or a key."""

    model_config = ConfigDict(hide_input_in_errors=True)


def _arguments_of(name: str) -> type[Arguments]:
    """The model for one method. A source of PINs stands here as the PIN that it gave."""
    function = getattr(Driver, name)
    hints = get_type_hints(function, include_extras=True)
    fields: dict[str, Any] = {
        parameter: (Pin if hints[parameter] == PinSource else hints[parameter], ...)
        for parameter in list(inspect.signature(function).parameters)[1:]
    }
    return create_model(f"{name}.arguments", __base__=Arguments, **fields)


METHODS: dict[str, type[Arguments]] = {
    name: _arguments_of(name) for name in sorted(Driver.__abstractmethods__)
}


def checked(method: str, arguments: Mapping[str, object]) -> Arguments:
    """The arguments, if the method takes them. Raises `InvalidRequest`."""
    try:
        return METHODS[method].model_validate(dict(arguments))
    except ValidationError as error:
        raise InvalidRequest(f"{method} was called wrongly ({problems(error)})") from None


def problems(error: ValidationError) -> str:
    """Which parts are wrong and why, without their values."""
    errors = error.errors(include_input=False, include_url=False)
    return "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in errors)
