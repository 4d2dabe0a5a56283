"""A kit of a node in wrong hands, signed as it should be: it makes no code run where the application runs."""

import re

import pytest

from hsmnodes.node.endpoint.connect import shape
from hsmnodes.node.endpoint.served import SUFFIX, server_name
from hsmnodes.node.protocol.documents import Kit
from hsmnodes.node.protocol.documents.base import NAME_MAX
from tests.hsmnodes.node.endpoint.admissions import Admissions
from tests.hsmnodes.node.endpoint.kits import files_of, said_in, signed_anew
from tests.hsmnodes.node.endpoint.serving import Host

DIRECTIVES = """

global
  insecure-fork-wanted
  external-check

backend evil
  option external-check
  external-check command /tmp/evil.sh
  server s 127.0.0.1:9 check inter 1s

backend rest
  server y 127.0.0.1:9"""
HEX = "ab" * 16


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    node = Admissions(tmp_path_factory.mktemp("node"))
    yield node
    node.site.stop()


@pytest.fixture(scope="module")
def shop(node, tmp_path_factory):
    """A host, and what its node says that is in good hands."""
    host = Host(tmp_path_factory.mktemp("webshop"), "webshop")
    host.received = node.admit(host)
    return host


@pytest.fixture
def install(node, shop):
    """Has the tool install a kit in which the node signs for other values or files."""

    def try_it(*, new_files=None, **changes):
        kit = signed_anew(node.site.node, shop.received["kit"], new_files, **changes)
        return shop.install(shop.received | {"kit": kit}, node.words)

    return try_it


def test_signed_anew_without_a_change_it_is_taken(install):
    assert install().returncode == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("port", "8443" + DIRECTIVES),
        ("port", "8443"),
        ("port", True),
        ("port", 8443.0),
        ("port", 0),
        ("port", 65_536),
        ("host", "127.0.0.1:9" + DIRECTIVES),
        ("host", "127.0.0.1\n"),
        ("host", "unix@/tmp/evil"),
        ("host", "-evil"),
        ("host", "${HOME}"),
        ("host", ["127.0.0.1"]),
        ("host", "a" * 254),
        ("server_name", f"{HEX}.{SUFFIX}{DIRECTIVES}"),
        ("server_name", f"{HEX}.{SUFFIX} check"),
        ("server_name", "evil.example"),
        ("token", 'x"; touch /tmp/evil; "'),
        ("token", "$(touch /tmp/evil)"),
        ("token", HEX + "\n"),
        ("node", {"id": HEX, "name": "\x1b[2Jams-1"}),
        ("node", {"id": HEX, "name": "ams-1", "more": ""}),
        ("node", "ams-1"),
        ("application", {"id": HEX, "name": ""}),
        ("zone", {"id": HEX, "name": "z" * (NAME_MAX + 1)}),
        ("nodes", [{"id": HEX, "name": "ams-1\n", "identity": HEX * 2}] * 2),
        ("nodes", None),
        ("demo", "no"),
        ("files", []),
        ("made_at", -1),
        ("deployment", "../" * 10),
    ],
)
def test_a_value_that_could_mean_more_is_refused(install, field, value):
    refused = install(**{field: value})
    assert refused.returncode == 1
    assert f"what it says of {field} cannot be" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_what_a_kit_may_not_say_at_all_is_refused(install):
    assert "not a connection kit" in install(command="/tmp/evil.sh").stderr


@pytest.mark.parametrize("name", ["environment", "openssl.cnf", "java.cfg", "quorate-connect", "haproxy.cfg"])
def test_a_file_that_a_program_would_run_or_obey_is_refused(install, shop, name):
    files = {other: data for other, data in files_of(shop.received["kit"]).items() if other != "kit.json"}
    assert "what it says of files cannot be" in install(new_files=files | {name: b"evil"}).stderr


def test_a_kit_holds_data_and_instructions_alone(shop):
    assert list(files_of(shop.received["kit"])) == ["kit.json", "node.crt", "readme.md"]


def test_the_node_s_certificate_is_the_one_that_is_stated(install, shop):
    files = files_of(shop.received["kit"])
    own = {name: files[name] for name in ("node.crt", "readme.md")}
    another = (shop.folder / "application.pem").read_bytes().partition(b"-----BEGIN PRIV")[0]
    assert "not the node's certificate" in install(new_files=own | {"node.crt": another}).stderr
    assert "no certificate" in install(new_files=own | {"node.crt": b"evil"}).stderr


def test_what_stands_beside_the_certificate_is_not_trusted(install, shop):
    files = files_of(shop.received["kit"])
    another = (shop.folder / "application.pem").read_bytes().partition(b"-----BEGIN PRIV")[0]
    beside = files["node.crt"] + another
    altered = {"node.crt": beside, "readme.md": files["readme.md"]}
    assert install(new_files=altered, host="127.0.0.1").returncode == 0
    shop.start().stop()
    assert (shop.folder / "run" / "nodes.pem").read_bytes() == files["node.crt"]
    assert install().returncode == 0


def test_what_programs_read_is_the_tool_s_own(install, shop):
    assert install().returncode == 0
    environment = (shop.folder / "environment").read_text()
    assert f'export QUORATE_TOKEN="{said_in(shop.received["kit"])["token"]}"' in environment
    for name in ("openssl.cnf", "java.cfg"):
        assert "/p11-kit-client.so\n" in (shop.folder / name).read_text()


def test_the_tool_s_patterns_are_those_by_which_nodes_speak():
    schema = Kit.model_json_schema()
    fields = schema["properties"]
    assert set(shape.KIT) == set(fields)
    assert set(shape.OPTIONAL) == set(fields) - set(schema["required"]) - {"type"}
    assert fields["host"]["pattern"] == f"^{shape.HOST}$"
    assert fields["token"]["pattern"] == f"^{shape.ID}$"
    assert (fields["port"]["minimum"], fields["port"]["maximum"]) == (1, 65_535)
    assert re.fullmatch(shape.SERVER_NAME, server_name(HEX))
    assert shape.LONGEST_NAME == NAME_MAX
