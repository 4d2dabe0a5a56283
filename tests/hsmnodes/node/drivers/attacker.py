"""What someone tries who has a token's directory, its PKCS#11 module and its user PIN, but no driver.

Runs in a process of its own (SoftHSM2 knows one directory a process): `python -m ...attacker NAME` with the
particulars as JSON on standard input; prints the outcome, `done` or the name of the PKCS#11 return value.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pkcs11
from pkcs11 import Attribute, KeyType, Mechanism, MechanismFlag, ObjectClass, Session
from pkcs11._pkcs11 import DecryptMixin, Object, SecretKey
from pkcs11.exceptions import PKCS11Error

from hsmnodes.node.drivers.pkcs11 import templates
from hsmnodes.node.drivers.pkcs11.cryptoki import load_module
from hsmnodes.node.drivers.pkcs11.driver import Pkcs11Driver
from hsmnodes.node.drivers.pkcs11.failures import return_value_of
from hsmnodes.node.drivers.pkcs11.profile import softhsm2
from hsmnodes.node.drivers.return_values import name_of
from tests.hsmnodes.node.drivers.cast import BACKUP_KEY_ID, LABEL, SO_PIN

ROOT = Path(__file__).resolve().parents[4]
ATTACKS: dict[str, Callable[[Session, bytes], Any]] = {}


def attack(function: Callable[[Session, bytes], Any]) -> Callable[[Session, bytes], Any]:
    ATTACKS[function.__name__] = function
    return function


def attempt(name: str, directory: Path, pin: str, data: bytes = b"") -> str:
    """The outcome of one attack, carried out in a process of its own. `data` is what the attack is about."""
    particulars = json.dumps({"directory": str(directory), "pin": pin, "data": data.hex()})
    command = [sys.executable, "-m", "tests.hsmnodes.node.drivers.attacker", name]
    finished = subprocess.run(
        command, input=particulars, text=True, capture_output=True, cwd=ROOT, check=False
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout.strip()


def backup_key(session: Session) -> Any:
    (found,) = session.get_objects({Attribute.CLASS: ObjectClass.SECRET_KEY, Attribute.TRUSTED: True})
    return found


def key(session: Session, key_id: bytes, kind: ObjectClass = ObjectClass.PRIVATE_KEY) -> Any:
    (found,) = session.get_objects({Attribute.CLASS: kind, Attribute.ID: key_id})
    return found


def own_wrapping_key(session: Session) -> Any:
    usages = MechanismFlag.WRAP | MechanismFlag.UNWRAP | MechanismFlag.ENCRYPT | MechanismFlag.DECRYPT
    return session.generate_key(KeyType.AES, 256, capabilities=usages)


# The backup key


@attack
def read_the_backup_key(session, data):
    return backup_key(session)[Attribute.VALUE]


@attack
def let_the_backup_key_decrypt(session, data):
    backup_key(session)[Attribute.DECRYPT] = True


@attack
def decrypt_with_the_backup_key(session, data):
    trusted = backup_key(session)  # python-pkcs11 offers only what the attributes allow: ask regardless
    asking = type("Asking", (SecretKey, DecryptMixin, Object), {})(trusted.wrapper)
    return asking.decrypt(bytes(16), mechanism=Mechanism.AES_ECB)


@attack
def copy_the_backup_key_with_decrypt(session, data):
    backup_key(session).copy({Attribute.TOKEN: False, Attribute.DECRYPT: True})


@attack
def copy_the_backup_key_as_modifiable(session, data):
    backup_key(session).copy({Attribute.MODIFIABLE: True})


@attack
def copy_the_backup_key_as_extractable(session, data):
    backup_key(session).copy({Attribute.EXTRACTABLE: True})


@attack
def copy_the_backup_key_to_stay_for_ever(session, data):
    backup_key(session).copy({Attribute.DESTROYABLE: False})


@attack
def change_a_plain_copy_of_the_backup_key(session, data):
    backup_key(session).copy({})[Attribute.DECRYPT] = True


@attack
def destroy_the_backup_key(session, data):
    backup_key(session).destroy()


@attack
def wrap_the_backup_key_by_itself(session, data):
    return backup_key(session).wrap_key(backup_key(session), mechanism=Mechanism.AES_KEY_WRAP_PAD)


@attack
def wrap_the_backup_key_by_an_own_key(session, data):
    return own_wrapping_key(session).wrap_key(backup_key(session), mechanism=Mechanism.AES_KEY_WRAP_PAD)


# A zone's key


@attack
def read_a_private_key(session, data):
    return key(session, data)[Attribute.VALUE]


@attack
def wrap_a_key_by_an_untrusted_key(session, data):
    return own_wrapping_key(session).wrap_key(key(session, data), mechanism=Mechanism.AES_KEY_WRAP_PAD)


@attack
def make_an_own_key_trusted(session, data):
    own_wrapping_key(session)[Attribute.TRUSTED] = True


@attack
def create_a_trusted_key(session, data):
    template = {Attribute.CLASS: ObjectClass.SECRET_KEY, Attribute.KEY_TYPE: KeyType.AES}
    session.create_object({**template, Attribute.VALUE: bytes(32), Attribute.TRUSTED: True})


@attack
def make_a_key_wrappable_by_any_key(session, data):
    key(session, data)[Attribute.WRAP_WITH_TRUSTED] = False


@attack
def make_a_key_not_sensitive(session, data):
    key(session, data)[Attribute.SENSITIVE] = False


@attack
def add_a_usage_to_a_key(session, data):
    key(session, data)[Attribute.DERIVE] = True


@attack
def copy_a_key_with_another_usage(session, data):
    key(session, data).copy({Attribute.TOKEN: False, Attribute.DERIVE: True})


@attack
def rename_a_key(session, data):
    key(session, data)[Attribute.LABEL] = "another"


@attack
def let_a_public_half_encrypt(session, data):
    key(session, data, ObjectClass.PUBLIC_KEY)[Attribute.ENCRYPT] = True


@attack
def copy_a_public_half_with_another_usage(session, data):
    key(session, data, ObjectClass.PUBLIC_KEY).copy({Attribute.TOKEN: False, Attribute.ENCRYPT: True})


# The node's own keys


@attack
def wrap_by_the_backup_key(session, data):
    return backup_key(session).wrap_key(key(session, data), mechanism=Mechanism.AES_KEY_WRAP_PAD)


@attack
def read_a_secret_key(session, data):
    return key(session, data, ObjectClass.SECRET_KEY)[Attribute.VALUE]


@attack
def wrap_a_secret_by_the_backup_key(session, data):
    secret = key(session, data, ObjectClass.SECRET_KEY)
    return backup_key(session).wrap_key(secret, mechanism=Mechanism.AES_KEY_WRAP_PAD)


# A wrapped AES key (data is the blob)


def unwrap(session: Session, blob: bytes, **changed: bool) -> Any:
    template = {
        Attribute.PRIVATE: True,
        Attribute.SENSITIVE: True,
        Attribute.EXTRACTABLE: True,
        Attribute.WRAP_WITH_TRUSTED: True,
    }
    template |= {Attribute[name]: value for name, value in changed.items()}
    return backup_key(session).unwrap_key(
        ObjectClass.SECRET_KEY,
        KeyType.AES,
        blob,
        mechanism=Mechanism.AES_KEY_WRAP_PAD,
        capabilities=MechanismFlag.ENCRYPT,
        template=template,
    )


@attack
def unwrap_a_blob(session, data):
    unwrap(session, data)


@attack
def unwrap_a_blob_as_not_sensitive(session, data):
    return unwrap(session, data, SENSITIVE=False)[Attribute.VALUE]


@attack
def unwrap_a_blob_as_wrappable_by_any_key(session, data):
    unwrap(session, data, WRAP_WITH_TRUSTED=False)


@attack
def unwrap_a_blob_as_public(session, data):
    unwrap(session, data, PRIVATE=False)


@attack
def unwrap_a_blob_to_derive_from(session, data):
    unwrap(session, data, DERIVE=True)


# What an attacker may do to his own objects, and crashes played by hand


@attack
def let_an_own_key_decrypt(session, data):
    session.generate_key(KeyType.AES, 256, capabilities=0)[Attribute.DECRYPT] = True


@attack
def wrap_an_own_key_by_an_own_key(session, data):
    template = {Attribute.EXTRACTABLE: True}
    own = session.generate_key(KeyType.AES, 256, template=template)
    return own_wrapping_key(session).wrap_key(own, mechanism=Mechanism.AES_KEY_WRAP_PAD)


@attack
def lose_the_public_half(session, data):
    key(session, data, ObjectClass.PUBLIC_KEY).destroy()


@attack
def lose_the_private_half(session, data):
    key(session, data).destroy()


def install_for_ever(directory: Path, pin: str, key: bytes) -> None:
    """Make a zone's token as drivers once did, whose backup key cannot even be destroyed."""
    del templates.BACKUP_KEY_IN_PLACE[Attribute.MODIFIABLE]
    templates.BACKUP_KEY_IN_PLACE |= {Attribute.DESTROYABLE: False, Attribute.MODIFIABLE: False}
    driver = Pkcs11Driver(softhsm2(), directory)
    driver.initialise(LABEL, SO_PIN, pin)
    driver.open(LABEL, lambda: pin)
    driver.install_backup_key("backup key", BACKUP_KEY_ID, key, SO_PIN)
    driver.close()


def main() -> None:
    particulars = json.load(sys.stdin)
    directory = Path(particulars["directory"])
    os.environ["SOFTHSM2_CONF"] = str(directory / "softhsm2.conf")
    library = pkcs11.lib(str(softhsm2().module))
    if sys.argv[1] == "initialise_without_user_pin":
        label = bytes.fromhex(particulars["data"]).decode()
        load_module(softhsm2().module).init_token(library.get_slots()[0], particulars["pin"], label)
        print("done")
        return
    if sys.argv[1] == "install_a_backup_key_for_ever":
        install_for_ever(directory, particulars["pin"], bytes.fromhex(particulars["data"]))
        print("done")
        return
    (token,) = [slot.get_token() for slot in library.get_slots() if slot.get_token().label]
    with token.open(rw=True, user_pin=particulars["pin"]) as session:
        try:
            ATTACKS[sys.argv[1]](session, bytes.fromhex(particulars["data"]))
        except PKCS11Error as error:
            print(name_of(return_value_of(error) or 0))
        else:
            print("done")


if __name__ == "__main__":
    main()
