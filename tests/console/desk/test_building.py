"""Building the desk: the same inputs give the same digest, and nothing is in it that does not belong."""

import hashlib
import json
import re
import subprocess
import sys

import pytest

from console.desk.build import SITE, Desk, build, digest, make_files
from tests.console.desk.cast import DEPLOYMENT, id_of, simulator

CONSOLE, ORIGIN = "https://console.example", "https://desk.example"


def desk(**changes):
    return Desk(**{"console": CONSOLE, "origin": ORIGIN, "deployment": DEPLOYMENT, **changes})


def test_the_same_inputs_give_the_same_digest(tmp_path):
    assert build(desk(), tmp_path / "one") == build(desk(), tmp_path / "two")


@pytest.mark.parametrize(
    "changes",
    [
        {"console": "https://other.example"},
        {"origin": "https://desk.other.example"},
        {"deployment": id_of("other")},
        {"simulator": simulator()},
    ],
)
def test_other_inputs_give_another_digest(changes):
    assert digest(make_files(desk(**changes))) != digest(make_files(desk()))


def test_the_digest_can_be_computed_from_the_manifest_alone(tmp_path):
    wanted = build(desk(), tmp_path / "desk")
    manifest = json.loads((tmp_path / "desk" / "manifest.json").read_bytes())
    line = json.dumps({"files": manifest["files"]}, sort_keys=True, separators=(",", ":"))
    assert hashlib.sha256(line.encode()).hexdigest() == wanted == manifest["digest"]


def test_a_desk_is_replaced_and_nothing_else_is(tmp_path):
    out = tmp_path / "desk"
    build(desk(simulator=simulator()), out)
    build(desk(), out)
    assert not (out / "js" / "simulator").exists()
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "will.txt").write_text("mine")
    with pytest.raises(ValueError, match="not a desk"):
        build(desk(), tmp_path / "papers")


def test_only_a_demo_s_desk_has_simulated_tokens():
    files = make_files(desk())
    assert not [name for name in files if "simul" in name]
    assert b"private_key" not in b"".join(data for name, data in files.items() if "built" in name)
    assert "js/built/simulated.js" in make_files(desk(simulator=simulator()))


@pytest.mark.parametrize(
    "changes",
    [
        {"console": "https://console.example/"},
        {"origin": "javascript:alert(1)"},
        {"origin": CONSOLE},
        {"deployment": "mine"},
        {"deployment": id_of("other"), "simulator": simulator()},
    ],
)
def test_inputs_that_make_no_desk_are_refused(changes):
    with pytest.raises(ValueError, match=r"\."):
        desk(**changes)


def test_the_site_has_no_markup_sink_no_inline_code_and_no_other_origin():
    for path in SITE.rglob("*"):
        if path.suffix in {".js", ".html", ".css"}:
            text = path.read_text("utf-8")
            assert not re.search(
                r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|Function\(", text
            )
            assert not re.search(r"(src|href|url\(|from|import)[ =(\"']*https?:", text)
            assert not re.search(r"\son[a-z]+=|<style|style=|<script>", text)


def test_every_module_is_fetched_at_once():
    page = make_files(desk())["index.html"].decode()
    modules = {name for name in make_files(desk()) if name.endswith(".js")}
    assert set(re.findall(r'modulepreload" href="([^"]+)"', page)) == modules


def test_it_is_built_from_the_command_line(tmp_path):
    file = tmp_path / "simulator.json"
    file.write_text(simulator().model_dump_json())
    command = [sys.executable, "-m", "console.desk.build", "--out", str(tmp_path / "desk")]
    command += ["--console", CONSOLE, "--origin", ORIGIN, "--simulator", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == digest(make_files(desk(simulator=simulator())))
    file.write_text("{}")
    assert "deployment" in subprocess.run(command, capture_output=True, text=True, check=False).stderr
