"""A short run of the fuzzer, and that it would notice."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BROKEN = """
from tests.fuzz import fuzz_documents
fuzz_documents.cbor.is_one_map = lambda data: 1 // (len(data) % 7)
fuzz_documents.main()
"""


def fuzz(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, capture_output=True, text=True, timeout=100, check=False
    )


@pytest.mark.slow
def test_ten_seconds_of_fuzzing_find_nothing():
    run = fuzz("-m", "tests.fuzz.fuzz_documents", "--seconds", "10")
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-4000:]
    assert "DONE" in run.stderr


def test_a_crash_is_noticed():
    run = fuzz("-c", BROKEN, "--seconds", "10")
    assert run.returncode != 0
    assert "ZeroDivisionError" in run.stdout + run.stderr
