"""What a tenant of a shared HSM tries against the slot beside their own: they know their own user PIN alone.

Both slots are of one HSM, as PKCS#11 shows it, and the tenant has the bare module. Runs in a process of its
own: `python -m ...neighbour NAME` with the particulars as JSON on standard input; prints the outcome, `done`
or the name of the PKCS#11 return value, and for a search what it found.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pkcs11
from pkcs11 import Attribute, Mechanism, ObjectClass, Session, Token
from pkcs11.exceptions import NoSuchKey, PKCS11Error

from hsmnodes.node.drivers.pkcs11.failures import return_value_of
from hsmnodes.node.drivers.pkcs11.profile import softhsm2
from hsmnodes.node.drivers.return_values import name_of
from tests.hsmnodes.node.drivers.attacker import backup_key, key, own_wrapping_key, unwrap

ROOT = Path(__file__).resolve().parents[4]
SECRET = (ObjectClass.PRIVATE_KEY, ObjectClass.SECRET_KEY)


@dataclass(frozen=True)
class Tenancy:
    """The tenant's own session, the slot beside it, the tenant's PIN, and what an attack is about."""

    own: Session
    beside: Token
    pin: str
    data: bytes


ATTACKS: dict[str, Callable[[Tenancy], Any]] = {}


def attack(function: Callable[[Tenancy], Any]) -> Callable[[Tenancy], Any]:
    ATTACKS[function.__name__] = function
    return function


def attempt(name: str, directory: Path, *, own: str, beside: str, pin: str, data: bytes = b"") -> str:
    """The outcome of one attack by the tenant of slot `own` on slot `beside`, by their labels."""
    particulars = {"directory": str(directory), "own": own, "beside": beside, "pin": pin, "data": data.hex()}
    finished = subprocess.run(
        [sys.executable, "-m", "tests.hsmnodes.node.drivers.neighbour", name],
        input=json.dumps(particulars),
        text=True,
        capture_output=True,
        cwd=ROOT,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout.strip()


@attack
def log_in_with_the_own_pin(tenancy):
    with tenancy.beside.open(user_pin=tenancy.pin):
        pass


@attack
def log_in_as_its_security_officer(tenancy):
    with tenancy.beside.open(rw=True, so_pin=tenancy.pin):
        pass


@attack
def look_for_secrets_without_logging_in(tenancy):
    with tenancy.beside.open() as session:
        return [one for kind in SECRET for one in session.get_objects({Attribute.CLASS: kind})]


@attack
def look_for_its_keys_in_the_own_slot(tenancy):
    return list(tenancy.own.get_objects({Attribute.ID: tenancy.data}))


@attack
def look_for_own_keys_in_the_own_slot(tenancy):
    """Not an attack: what the searches above would find if it were there."""
    return [one for kind in SECRET for one in tenancy.own.get_objects({Attribute.CLASS: kind})]


@attack
def wrap_its_key_by_the_own_backup_key(tenancy):
    return backup_key(tenancy.own).wrap_key(its_key(tenancy), mechanism=Mechanism.AES_KEY_WRAP_PAD)


@attack
def wrap_its_key_by_an_own_key(tenancy):
    return own_wrapping_key(tenancy.own).wrap_key(its_key(tenancy), mechanism=Mechanism.AES_KEY_WRAP_PAD)


@attack
def wrap_an_own_key_by_the_own_backup_key(tenancy):
    """Not an attack: the tenant's node does it for every backup."""
    own = key(tenancy.own, tenancy.data)
    return backup_key(tenancy.own).wrap_key(own, mechanism=Mechanism.AES_KEY_WRAP_PAD)


@attack
def unwrap_its_blob_by_the_own_backup_key(tenancy):
    unwrap(tenancy.own, tenancy.data)


@attack
def make_a_key_there_without_logging_in(tenancy):
    with tenancy.beside.open(rw=True) as session:
        own_wrapping_key(session)


def its_key(tenancy: Tenancy) -> Any:
    """A key of the slot beside, if a session without its PIN is shown one."""
    with tenancy.beside.open() as session:
        return session.get_key(object_class=ObjectClass.PRIVATE_KEY, id=tenancy.data)


def main() -> None:
    particulars = json.load(sys.stdin)
    os.environ["SOFTHSM2_CONF"] = str(Path(particulars["directory"]) / "softhsm2.conf")
    library = pkcs11.lib(str(softhsm2().module))
    own, beside = (library.get_token(token_label=particulars[which]) for which in ("own", "beside"))
    with own.open(rw=True, user_pin=particulars["pin"]) as session:
        tenancy = Tenancy(session, beside, particulars["pin"], bytes.fromhex(particulars["data"]))
        try:
            found = ATTACKS[sys.argv[1]](tenancy)
        except NoSuchKey:
            print("no such key")
        except PKCS11Error as error:
            print(name_of(return_value_of(error) or 0))
        else:
            print(f"found {len(found)}" if isinstance(found, list) else "done")


if __name__ == "__main__":
    main()
