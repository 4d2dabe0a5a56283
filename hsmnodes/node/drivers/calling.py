"""`CallingDriver`: a driver whose methods all come down to one, `call`."""

import inspect
from abc import abstractmethod
from collections.abc import Callable, Mapping
from functools import WRAPPER_ASSIGNMENTS, wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from hsmnodes.node.drivers.base import Driver

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def _call_of(
    method: Callable[Concatenate[Any, Arguments], Result],
) -> Callable[Concatenate[Any, Arguments], Result]:
    """The method of `Driver` as a call by name."""
    signature = inspect.signature(method)

    @wraps(method, assigned=WRAPPER_ASSIGNMENTS, updated=())
    def call(self: Any, /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        arguments = signature.bind(self, *args, **kwargs).arguments
        del arguments["self"]
        result: Result = self.call(method.__name__, arguments)
        return result

    return call


class CallingDriver(Driver):
    """Calls a driver that is elsewhere. `open` and `close`, which keep state here, are left to write."""

    initialise = _call_of(Driver.initialise)
    info = _call_of(Driver.info)
    random = _call_of(Driver.random)
    generate_identity = _call_of(Driver.generate_identity)
    identity_public = _call_of(Driver.identity_public)
    sign_identity = _call_of(Driver.sign_identity)
    generate_storage_key = _call_of(Driver.generate_storage_key)
    seal = _call_of(Driver.seal)
    open_sealed = _call_of(Driver.open_sealed)
    write_record = _call_of(Driver.write_record)
    read_record = _call_of(Driver.read_record)
    install_backup_key = _call_of(Driver.install_backup_key)
    backup_key_kcv = _call_of(Driver.backup_key_kcv)
    destroy_other_backup_keys = _call_of(Driver.destroy_other_backup_keys)
    generate_key = _call_of(Driver.generate_key)
    find_key = _call_of(Driver.find_key)
    list_keys = _call_of(Driver.list_keys)
    wrap_key = _call_of(Driver.wrap_key)
    wrap_keys = _call_of(Driver.wrap_keys)
    unwrap_key = _call_of(Driver.unwrap_key)
    unwrap_keys = _call_of(Driver.unwrap_keys)
    prove_key = _call_of(Driver.prove_key)
    prove_keys = _call_of(Driver.prove_keys)
    wrap_for_copying = _call_of(Driver.wrap_for_copying)
    destroy_key = _call_of(Driver.destroy_key)
    make_copies = _call_of(Driver.make_copies)
    sign = _call_of(Driver.sign)

    @abstractmethod
    def call(self, method: str, arguments: Mapping[str, object]) -> Any:
        """Call the method of this name with checked arguments, and return or raise what it does."""
