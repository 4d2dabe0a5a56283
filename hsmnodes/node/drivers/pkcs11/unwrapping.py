"""Unwrapping by the backup key: into the token for good, or for a moment, so that a blob proves what it is.

What is unwrapped has to prove that it is the key it is said to be (`proving`). The private half of a pair
that may sign does so in the token, without its public half, so that a crash leaves half a pair, which is good
for nothing. Any other is unwrapped for it as a session object, which may sign or encrypt whatever the key
itself may do, and is destroyed at once.

Of many keys each step is taken for all of them before the next is, and for those of one algorithm one after
the other: what the processor has at hand for one serves the next.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pkcs11 import Attribute
from pkcs11.exceptions import PKCS11Error

from hsmnodes.node.drivers.errors import BlobBroken, MechanismUnavailable, ObjectExists
from hsmnodes.node.drivers.pkcs11.backup_key import require_backup_key
from hsmnodes.node.drivers.pkcs11.failures import return_value_of
from hsmnodes.node.drivers.pkcs11.objects import PRIVATE, SECRET
from hsmnodes.node.drivers.pkcs11.proving import PROVING, require_proofs
from hsmnodes.node.drivers.pkcs11.public_halves import put_public_half
from hsmnodes.node.drivers.pkcs11.reading import WRAP_MECHANISM, stored_key
from hsmnodes.node.drivers.pkcs11.templates import (
    KEY_TYPES,
    OF_A_PRIVATE_KEY,
    UNWRAPPED,
    Template,
    capabilities,
)
from hsmnodes.node.drivers.pkcs11.token import OpenToken
from hsmnodes.node.drivers.return_values import ReturnValue
from hsmnodes.node.drivers.values import Algorithm, StoredKey, Usage, WrappedKey

# CKA_MODIFIABLE comes last, since it forbids what comes after.
LAST: Template = {Attribute.COPYABLE: False, Attribute.MODIFIABLE: False}

# How modules report a blob that is not authentic, or not such a key. SoftHSM2 uses the last two.
WRONG_BLOB = {
    ReturnValue.WRAPPED_KEY_INVALID,
    ReturnValue.WRAPPED_KEY_LEN_RANGE,
    ReturnValue.GENERAL_ERROR,
    ReturnValue.FUNCTION_FAILED,
}


def prove_keys(token: OpenToken, keys: list[WrappedKey], backup_key_id: bytes) -> None:
    """See `Driver.prove_keys`."""
    _prove_all(keys, require_backup_key(token, backup_key_id))


def _prove_all(keys: list[WrappedKey], wrapper: Any) -> None:
    """Have keys prove themselves as objects of the session, which are destroyed."""
    unwrapped: list[Any] = []
    try:
        for key in keys:
            proving = frozenset({PROVING[key.spec.algorithm.family]})
            with _broken_if_refused():
                unwrapped.append(
                    _unwrap(wrapper, key.spec.algorithm, proving, key.blob, {Attribute.TOKEN: False})
                )
        require_proofs(zip(unwrapped, keys, strict=True))
    finally:
        for one in unwrapped:
            one.destroy()


def unwrap_key(token: OpenToken, key: WrappedKey, backup_key_id: bytes) -> StoredKey:
    """See `Driver.unwrap_key`."""
    unwrap_keys(token, [key], backup_key_id)
    key_id = key.spec.key_id
    return stored_key(key_id, token.index.get(key_id), require_backup_key(token, backup_key_id))


def unwrap_keys(token: OpenToken, keys: list[WrappedKey], backup_key_id: bytes) -> None:
    """See `Driver.unwrap_keys`."""
    unwrap_under(token, keys, require_backup_key(token, backup_key_id), {})


def unwrap_under(token: OpenToken, keys: list[WrappedKey], wrapper: Any, more: Template) -> None:
    """Keys into the token for good, each once it proved itself; `more` is for their private halves."""
    for key in keys:
        if key.spec.algorithm not in token.profile.algorithms:
            raise MechanismUnavailable(f"{token.profile.name} has no {key.spec.algorithm} keys")
        token.index.require_free(key.spec.key_id, key.spec.label)
    _require_different(keys)
    alike = sorted(keys, key=lambda key: key.spec.algorithm)
    others = [key for key in alike if not _may_sign(key)]
    _prove_all(others, wrapper)
    with token.index.reloaded_on_failure():
        _put_halves_that_prove_themselves(token, [key for key in alike if _may_sign(key)], wrapper, more)
        for key in alike:
            if key.public_key is not None:
                put_public_half(token, key.spec, key.public_key)
        for key in others:
            _put_into(token, key, wrapper, more)


def _may_sign(key: WrappedKey) -> bool:
    return key.public_key is not None and Usage.SIGN in key.spec.usages


def _put_halves_that_prove_themselves(
    token: OpenToken, keys: list[WrappedKey], wrapper: Any, more: Template
) -> None:
    """Private halves into the token, where each signs for its public key; if one does not, none is left."""
    halves: list[Any] = []
    try:
        for key in keys:
            with _broken_if_refused():
                halves.append(_put_into(token, key, wrapper, more))
        require_proofs(zip(halves, keys, strict=True))
    except BlobBroken:
        token.index.load()  # the module may have left more of the last one than it said
        for key in keys:
            if token.index.find(key.spec.key_id) is not None:
                token.index.destroy(key.spec.key_id)
        raise


def _require_different(keys: list[WrappedKey]) -> None:
    for what in ({key.spec.key_id for key in keys}, {key.spec.label for key in keys}):
        if len(what) != len(keys):
            raise ObjectExists("two of the keys have the same id or label")


def _put_into(token: OpenToken, key: WrappedKey, wrapper: Any, more: Template) -> Any:
    """The private or secret half of a key into the token."""
    spec = key.spec
    stays = {Attribute.ID: spec.key_id, Attribute.LABEL: spec.label, Attribute.TOKEN: True, **more, **LAST}
    unwrapped = _unwrap(wrapper, spec.algorithm, spec.usages, key.blob, stays)
    token.index.remember(spec.key_id, spec.label, PRIVATE if spec.algorithm.is_pair else SECRET, unwrapped)
    return unwrapped


def _unwrap(
    backup_key: Any, algorithm: Algorithm, usages: frozenset[Usage], blob: bytes, more: Template
) -> Any:
    """The private or secret half as an object of the token or of the session."""
    others = OF_A_PRIVATE_KEY if algorithm.is_pair else {}
    return backup_key.unwrap_key(
        PRIVATE if algorithm.is_pair else SECRET,
        KEY_TYPES[algorithm.family],
        blob,
        mechanism=WRAP_MECHANISM,
        capabilities=capabilities(algorithm, usages),
        template={**UNWRAPPED, **others, **more},
    )


@contextmanager
def _broken_if_refused() -> Iterator[None]:
    """Turn what a module says of a blob that is not authentic into `BlobBroken`."""
    try:
        yield
    except PKCS11Error as error:
        ck = return_value_of(error)
        if ck not in WRONG_BLOB:
            raise
        raise BlobBroken("the wrapped key does not open under the key that is to open it", ck=ck) from None
