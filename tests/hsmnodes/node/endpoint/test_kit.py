"""The kit holds no secrets, and the tool takes it only as the node signed it, for its own application."""

import json
import stat

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from hsmnodes.node.endpoint.connect.sealed import open_sealed, public_bytes
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.sealing import seal
from hsmnodes.node.protocol.words import fingerprint
from tests.hsmnodes.node.endpoint.admissions import Admissions
from tests.hsmnodes.node.endpoint.kits import files_of, packed
from tests.hsmnodes.node.endpoint.serving import Host


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    node = Admissions(tmp_path_factory.mktemp("node"))
    yield node
    node.site.stop()


@pytest.fixture(scope="module")
def webshop(tmp_path_factory):
    return Host(tmp_path_factory.mktemp("webshop"), "webshop")


@pytest.fixture(scope="module")
def received(node, webshop):
    """The kit and the sealed PIN of the webshop."""
    return node.admit(webshop)


@pytest.fixture
def refused(webshop, received, node):
    """Has the tool refuse to install something; what it says."""

    def install(*, words=None, **changes) -> str:
        done = webshop.install(received | changes, words or node.words)
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        return done.stderr

    return install


def test_the_kit_holds_nothing_secret(webshop, received):
    secrets = [
        line
        for name in ("application.pem", "sealing.key")
        for block in [(webshop.folder / name).read_text().split(" PRIVATE KEY-----")[1]]
        for line in block.splitlines()
        if len(line) > 20 and "-----" not in line
    ]
    assert len(secrets) >= 2
    for name, content in files_of(received["kit"]).items():
        assert b"PRIVATE KEY" not in content, name
        assert not any(secret.encode() in content for secret in secrets), name
        assert received["pin"] not in content, name


def test_what_is_secret_is_its_owner_s_alone(webshop, received, node):
    assert webshop.install(received, node.words).returncode == 0
    for name in ("application.pem", "sealing.key", "pin"):
        assert stat.S_IMODE((webshop.folder / name).stat().st_mode) == 0o600
    assert webshop.connect("check", webshop.folder).returncode == 0


def test_the_tool_does_not_make_keys_over_others(webshop, received):
    again = webshop.connect("new", webshop.folder, "--name", "webshop")
    assert again.returncode == 1
    assert "already" in again.stderr


def test_every_file_of_the_kit_is_signed_for(refused, received):
    files = files_of(received["kit"])
    for name in files:
        if name != "kit.json":
            altered = packed(files | {name: files[name] + b"\n"})
            assert "its files are not those" in refused(kit=altered), name
            missing = packed({other: data for other, data in files.items() if other != name})
            assert "its files are not those" in refused(kit=missing), name
    assert "its files are not those" in refused(kit=packed(files | {"more.cfg": b""}))


def test_what_the_node_said_cannot_be_altered(refused, received):
    files = files_of(received["kit"])
    envelope = json.loads(files["kit.json"])
    said = json.loads(canonical.b64u_decode(envelope["payload"]))
    for change in ({"host": "elsewhere.example"}, {"port": 1}, {"token": "ab" * 16}):
        payload = canonical.b64u(canonical.encode(said | change))
        forged = json.dumps(envelope | {"payload": payload}).encode()
        assert "signature does not hold" in refused(kit=packed(files | {"kit.json": forged}))


def test_a_signature_for_another_purpose_is_none(refused, received):
    files = files_of(received["kit"])
    envelope = json.loads(files["kit.json"]) | {"purpose": "quorate/receipt/v1"}
    assert "not a connection kit" in refused(kit=packed(files | {"kit.json": json.dumps(envelope).encode()}))


def test_a_kit_of_another_node_is_refused(refused, tmp_path, webshop):
    other = Admissions(tmp_path)
    try:
        assert "by the node with these words" in refused(words=other.words)
    finally:
        other.site.stop()


def test_a_kit_for_another_application_is_refused(refused, node, tmp_path):
    others = node.admit(Host(tmp_path, "tills"))
    assert "another application" in refused(kit=others["kit"])
    assert "does not open" in refused(pin=others["pin"])


@pytest.mark.parametrize("content", [b"", b"no archive", bytes(5_000_000)], ids=["empty", "text", "long"])
def test_what_is_no_kit_is_refused(refused, content):
    refused(kit=content)


def test_names_that_lead_out_of_the_folder_are_refused(refused, received):
    files = files_of(received["kit"])
    for name in ("../escape", "/tmp/escape", "a/b", ".hidden"):
        assert "plain files" in refused(kit=packed(files | {name: b""}))


def test_an_installed_kit_that_was_altered_does_not_start(webshop, received, node):
    assert webshop.install(received, node.words).returncode == 0
    file = webshop.folder / "kit" / "node.crt"
    file.write_text((webshop.folder / "application.pem").read_text())
    started = webshop.connect("start", webshop.folder)
    assert started.returncode == 1
    assert "altered" in started.stderr
    assert webshop.install(received, node.words).returncode == 0


def test_the_tool_opens_what_a_node_seals():
    """RFC 9180 by hand, for hosts whose cryptography is older than the node's."""
    key = X25519PrivateKey.generate()
    context = {"type": "quorate/application-pin/v1", "application": "ab" * 16}
    sealed = seal(b"1234", public_bytes(key), context)
    assert open_sealed(key, sealed, canonical.encode(context)) == b"1234"


def test_the_tool_tells_the_words_that_everyone_tells(webshop, received):
    request = json.loads((webshop.folder / "request.json").read_text())
    told = webshop.connect("new", webshop.folder.parent / "second", "--name", "second").stdout
    second = json.loads((webshop.folder.parent / "second" / "request.json").read_text())
    assert " ".join(fingerprint(second["public_key"])) in told
    assert " ".join(fingerprint(request["public_key"])) not in told
