"""Python decides each case as its file says, and the files are what is made here."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.verifier.book import VECTORS, Case, read_cases
from tests.verifier.judging import JUDGES, judge

ROOT = Path(__file__).parents[2]
CASES = read_cases()


def test_there_are_cases_of_every_kind_both_accepted_and_refused():
    assert {case.kind for case in CASES} == JUDGES.keys()
    for kind in JUDGES:
        assert {case.expected["accepted"] for case in CASES if case.kind == kind} == {True, False}
    assert len(CASES) >= 250


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.kind}: {case.name}")
def test_a_case_is_decided_as_its_file_says(case: Case):
    expected = {name: value for name, value in case.expected.items() if name != "desk"}
    assert judge(case.kind, case.given) == expected


def test_the_files_are_the_same_in_every_run(tmp_path):
    subprocess.run([sys.executable, "-m", "tests.verifier", tmp_path], cwd=ROOT, check=True, timeout=110)
    made = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert made == {file.name: file.read_bytes() for file in VECTORS.iterdir()}
