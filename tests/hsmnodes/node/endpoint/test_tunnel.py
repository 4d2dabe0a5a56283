"""What an application can do with its token through the tunnel, and what it cannot, PIN in hand."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cast.applications import Application
from tests.hsmnodes.node.endpoint.serving import MODULE, wait_for

OBSERVER = """
import json, os, sys, pkcs11
from pkcs11 import Attribute
kept = [Attribute.CLASS, Attribute.LABEL, Attribute.TRUSTED, Attribute.EXTRACTABLE, Attribute.SENSITIVE]
found = []
for slot in pkcs11.lib(sys.argv[1]).get_slots():
    token = slot.get_token()
    with token.open(user_pin=sys.argv[2]) as session:
        for one in session.get_objects({}):
            seen = one.get_attributes(kept)
            found.append([token.label, seen[Attribute.CLASS].name, seen.get(Attribute.LABEL, ""),
                          bool(seen.get(Attribute.TRUSTED)), bool(seen.get(Attribute.EXTRACTABLE))])
print(json.dumps(found))
"""

ATTACKER = """
import os, sys, pkcs11
from pkcs11 import Attribute, KeyType, Mechanism, MechanismFlag, ObjectClass
from pkcs11._pkcs11 import DecryptMixin, Object, PrivateKey
what, module, pin, label = sys.argv[1:]
token = pkcs11.lib(module).get_token(token_label=os.environ["QUORATE_TOKEN"])
read_only = token.open(user_pin=pin)
key = read_only.get_key(label=label, object_class=ObjectClass.PRIVATE_KEY)
own_usages = MechanismFlag.WRAP | MechanismFlag.UNWRAP | MechanismFlag.ENCRYPT | MechanismFlag.DECRYPT


def own_key():
    return read_only.generate_key(KeyType.AES, 256, capabilities=own_usages)


def asking():
    # python-pkcs11 offers only what the attributes allow: ask regardless
    return type("Asking", (PrivateKey, DecryptMixin, Object), {})(key.wrapper)


ATTACKS = {
    "write to the token": lambda: token.open(user_pin=pin, rw=True),
    "make a key that stays": lambda: read_only.generate_key(KeyType.AES, 256, store=True),
    "destroy a key": lambda: key.destroy(),
    "rename a key": lambda: key.__setitem__(Attribute.LABEL, "mine"),
    "have a key decrypt": lambda: key.__setitem__(Attribute.DECRYPT, True),
    "make a key extractable": lambda: key.__setitem__(Attribute.EXTRACTABLE, True),
    "read a key": lambda: key[Attribute.PRIVATE_EXPONENT],
    "copy a key for another usage": lambda: key.copy({Attribute.DECRYPT: True, Attribute.TOKEN: False}),
    "take a key out under an own one": lambda: own_key().wrap_key(key, mechanism=Mechanism.AES_KEY_WRAP_PAD),
    "decrypt with a key that signs": lambda: asking().decrypt(bytes(256), mechanism=Mechanism.RSA_PKCS),
    "log in as security officer": lambda: token.open(so_pin="12345678"),
}
try:
    ATTACKS[what]()
except pkcs11.exceptions.PKCS11Error as error:
    print(type(error).__name__, *(f"{one:#x}" if isinstance(one, int) else one for one in error.args))
else:
    print("done")
"""

WRITE_PROTECTED = "TokenWriteProtected"
NOT_EXTRACTABLE = "MechanismInvalid"  # p11-kit 0.24 does not carry wrapping by AES; the key itself refuses it


@pytest.fixture
def attack(webshop):
    def carry_out(what: str) -> str:
        done = webshop.run(sys.executable, "-c", ATTACKER, what, MODULE, webshop.pin, "letters")
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return carry_out


def everything(host):
    done = observe(host)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def observe(host):
    return host.run(sys.executable, "-c", OBSERVER, MODULE, host.pin)


def everything_once_served(host):
    """The first that is seen of the token, whose server may just be started anew."""
    seen = []
    wait_for(lambda: seen.append(observe(host)) or seen[-1].returncode == 0)
    return json.loads(seen[-1].stdout)


def test_all_that_there_is_to_be_seen_are_the_keys_that_were_admitted(webshop):
    expected = {
        (webshop.token, kind, label, False, False)
        for label in ("orders", "letters")
        for kind in ("CERTIFICATE", "PRIVATE_KEY", "PUBLIC_KEY")
    }
    assert {tuple(one) for one in everything(webshop)} == expected


@pytest.mark.parametrize(
    ("what", "outcome"),
    [
        ("write to the token", WRITE_PROTECTED),
        ("make a key that stays", "SessionReadOnly"),
        ("destroy a key", "SessionReadOnly"),
        ("rename a key", "SessionReadOnly"),
        ("have a key decrypt", "SessionReadOnly"),
        ("make a key extractable", "SessionReadOnly"),
        ("read a key", "AttributeSensitive"),
        ("copy a key for another usage", "PKCS11Error Unmapped error code 0x1b"),  # CKR_ACTION_PROHIBITED
        ("take a key out under an own one", NOT_EXTRACTABLE),
        ("decrypt with a key that signs", "PKCS11Error Unmapped error code 0x68"),  # ..._NOT_PERMITTED
        ("log in as security officer", "SessionReadOnlyExists"),
    ],
)
def test_an_application_cannot(attack, what, outcome):
    assert attack(what) == outcome


@pytest.mark.parametrize(
    "options",
    [
        ("--init-token", "--label", "mine", "--so-pin", "12345678"),
        ("--init-pin", "--so-pin", "12345678", "--new-pin", "87654321"),
        ("--login", "--change-pin", "--new-pin", "87654321"),
        ("--login", "--keypairgen", "--key-type", "EC:prime256v1", "--label", "mine"),
        ("--login", "--delete-object", "--type", "privkey", "--label", "orders"),
        ("--login", "--write-object", "/etc/hostname", "--type", "data", "--label", "mine"),
    ],
    ids=lambda options: options[0] if options[0] != "--login" else options[1],
)
def test_nothing_initialises_or_writes_the_token(webshop, options):
    before = everything(webshop)
    pin = ["--pin", webshop.pin] if "--login" in options else []
    done = webshop.pkcs11_tool(*options, *pin, login=False)
    assert done.returncode != 0
    assert "CKR_TOKEN_WRITE_PROTECTED" in done.stderr
    assert everything(webshop) == before


def test_the_endpoint_s_user_writes_no_key_and_no_configuration(node, webshop):
    """Whoever breaks into what serves: of the files it can read, the keys are not to be written."""
    folder = node.site.node.parts.zones.applications.folder
    objects = [one for one in folder.token(webshop.token).rglob("*.object") if one.name != "token.object"]
    assert len(objects) == 6
    for file in (*objects, *folder.conf.iterdir()):
        assert file.stat().st_mode & 0o222 == 0, file
    for directory in (objects[0].parent, folder.token(webshop.token)):
        assert directory.stat().st_mode & 0o222 == 0, directory


@pytest.mark.skipif(os.geteuid() != 0, reason="another user's processes can only be started by root")
def test_what_serves_does_not_run_as_root_and_gains_no_rights(node, webshop):
    serving = node.endpoint_processes()
    assert len(serving) >= 2
    for process in serving:
        lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
        status = dict(line.split(":", 1) for line in lines)
        assert "0" not in status["Uid"].split()
        assert status["NoNewPrivs"].strip() == "1"
        assert int(status["CapEff"], 16) == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="another user's processes can only be started by root")
def test_a_stranger_on_the_node_s_host_reads_no_token(node, webshop):
    folder = node.site.node.parts.zones.applications.folder.token(webshop.token)
    tried = subprocess.run(
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "ls", folder],
        capture_output=True,
        check=False,
    )
    assert tried.returncode != 0


def test_a_key_that_is_destroyed_in_the_zone_is_gone_for_its_applications(node, connect):
    host = connect("clerk", ("salaries", ("sign",)), ("orders", ("sign",)))
    key = node.keys["salaries"]
    warrant = node.cast.destroy_keys(node.site.at, node.zone, (key["id"], "salaries"))
    assert node.site.send(warrant).outcome == "done"
    assert {one[2] for one in everything_once_served(host)} == {"orders"}


def test_a_usage_that_the_key_itself_has_not_is_not_admitted(node):
    application = Application.make("greedy")
    receipt, beside = node.admit(application, ("vault", ("sign",)))
    assert (receipt.outcome, receipt.code) == ("failed", "mechanism-unavailable")
    assert beside == {}
    assert not node.site.node.parts.zones.applications.folder.token(application.named.id).exists()
