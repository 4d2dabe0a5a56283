"""A backup is checked on a terminal, and by a program that shares nothing with Quorate, without an HSM."""

import subprocess
import sys
from pathlib import Path

import pytest

from hsmnodes.node.agent.cli import main
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.backups import read_backup
from hsmnodes.node.protocol.words import fingerprint
from tests.hsmnodes.node.protocol.samples import VECTORS

GOLDEN = VECTORS / "backups" / "two-keys.backup"
IN_PARTS = VECTORS / "backups" / "two-keys-in-parts.backup"
EXAMPLE = Path(__file__).parents[4] / "docs" / "examples" / "verify_backup.py"


def example(file: Path, *words: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-I", str(EXAMPLE), str(file), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("golden", [GOLDEN, IN_PARTS], ids=["one file", "in parts"])
def test_the_command_says_what_a_good_backup_is(capsys, golden):
    backup = read_backup(golden.read_bytes())
    manifest = backup.manifest
    assert main(["verify-backup", "--keys", str(golden)]) == 0
    shown = capsys.readouterr().out
    assert "Trust Zone Payments holds: 2 keys" in shown
    assert f"epoch 1, check value {manifest.kcv}" in shown
    assert " ".join(fingerprint(canonical.sha256_hex(manifest.identity_point))) in shown
    assert backup.sha256 in shown
    assert ("in 2 parts" in shown) == (golden == IN_PARTS)
    for key in backup.keys:
        assert f"{key.id}  {key.algorithm:8}  {key.label}" in shown


def test_the_command_names_what_is_wrong(tmp_path, capsys):
    file = tmp_path / "bad.backup"
    file.write_bytes(GOLDEN.read_bytes()[:-1] + b"\xff")
    assert main(["verify-backup", str(file)]) == 2
    assert "database" in capsys.readouterr().err
    assert main(["verify-backup", str(tmp_path / "none")]) == 1


@pytest.mark.parametrize("golden", [GOLDEN, IN_PARTS], ids=["one file", "in parts"])
def test_the_example_agrees_about_a_good_one(golden):
    manifest = read_backup(golden.read_bytes()).manifest
    for words in [(), (manifest.identity_point.hex(),)]:
        found = example(golden, *words)
        assert (found.returncode, found.stdout) == (
            0,
            "2 keys of zone Payments, taken by node ams-1: good.\n",
        )
    assert "Another node" in example(golden, "04" + "00" * 64).stderr


@pytest.mark.parametrize(
    ("golden", "place", "said"),
    [
        (GOLDEN, 0, "not a backup"),
        (GOLDEN, 20, "manifest"),
        (GOLDEN, 30, "manifest"),
        (GOLDEN, 400, "manifest"),
        (GOLDEN, -100, "signature"),
        (GOLDEN, -1, "database"),
        (IN_PARTS, 0, "not a backup"),
        (IN_PARTS, 400, "manifest"),
        (IN_PARTS, -1, "Part 2"),
    ],
)
def test_the_example_names_what_was_altered(tmp_path, golden, place, said):
    data = bytearray(golden.read_bytes())
    data[place] ^= 1
    file = tmp_path / "bad.backup"
    file.write_bytes(data)
    found = example(file)
    assert found.returncode == 1
    assert said in found.stderr
