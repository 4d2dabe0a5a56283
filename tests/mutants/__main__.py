"""Alters the core, tries its tests on each alteration, says what they did not notice; see script/mutants."""

import argparse
import io
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from pathlib import Path

from mutmut.__main__ import create_mutants
from mutmut.configuration import config
from mutmut.mutation.data import SourceFileMutationData
from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.stats import status_by_exit_code
from mutmut.utils.file_utils import copy_also_copy_files, copy_src_dir, walk_mutatable_files

from tests.mutants.survivors import Survivor, explained, read

FOLDER = Path("mutants")
NOTICED = {"killed", "timeout"}
NOT_YET = "not checked"
FIRST_BUDGET, WHOLE = 4, 0
"""How many seconds of tests each is tried on at first, and then; 0 is for as long as it takes."""


def main() -> int:
    """Try and report. 1 if something survived that is not explained, or was not tried, or is not there."""
    parser = argparse.ArgumentParser(prog="script/mutants", description=__doc__)
    parser.add_argument("modules", nargs="*", help="the modules to alter, like quorum; all if none is named")
    parser.add_argument("--report", action="store_true", help="only say what was found before")
    parser.add_argument("--explained", action="store_true", help="try what is explained once more too")
    asked = parser.parse_args()
    if not asked.report:
        _generate()
    sources = {str(path): path.stem for path in sorted(walk_mutatable_files())}
    unknown = set(asked.modules) - set(sources.values())
    if unknown:
        parser.error(f"no module of the core is called {', '.join(sorted(unknown))}")
    paths = [path for path, name in sources.items() if not asked.modules or name in asked.modules]
    if not asked.report:
        _try(paths, once_more=asked.explained)
    return _report(paths)


def states(path: str) -> dict[str, str]:
    """What became of each alteration of a source, by its name."""
    source = SourceFileMutationData(path=path)
    source.load()
    return {name: str(status_by_exit_code[code]) for name, code in source.exit_code_by_key.items()}


def survivors(path: str) -> dict[str, Survivor]:
    """What was tried on a source and not noticed, by its name."""
    return {
        name: read(name, get_diff_for_mutant(name, path=path))
        for name, state in states(path).items()
        if state not in {NOT_YET, *NOTICED}
    }


def _generate() -> None:
    """The altered copies, and what the tests need. What was found holds while a function stays as it is."""
    FOLDER.mkdir(exist_ok=True)
    with redirect_stdout(io.StringIO()):  # which names every file
        copy_src_dir()
        copy_also_copy_files()
        create_mutants(os.cpu_count() or 1)


def _try(paths: Sequence[str], *, once_more: bool) -> None:
    """Try what was not tried, and what survived: a test may have come.

    Most is noticed at once. What is not waits until it is known which tests notice something near.
    """
    wanted = {path: _wanted(path, once_more=once_more) for path in paths}
    for budget in (FIRST_BUDGET, WHOLE):
        if any(wanted.values()):
            _run(wanted, budget)
        wanted = {path: [one for one in wanted[path] if states(path)[one] == NOT_YET] for path in paths}


def _wanted(path: str, *, once_more: bool) -> list[str]:
    held = survivors(path)
    again = {name for name, one in held.items() if once_more or not _is_explained(one)}
    return [name for name, state in states(path).items() if state == NOT_YET or name in again]


def _run(wanted: Mapping[str, Sequence[str]], budget: int) -> None:
    for path, names in wanted.items():
        source = SourceFileMutationData(path=path)
        source.load()
        source.exit_code_by_key |= dict.fromkeys(names)
        source.save()
    (FOLDER / "wanted.json").write_text(json.dumps(wanted))
    selection = config().pytest_add_cli_args_test_selection
    options = ["-q", "-p", "tests.mutants.trying", "--alterations", "wanted.json", "--budget", str(budget)]
    options += config().pytest_add_cli_args
    subprocess.run([sys.executable, "-m", "pytest", *options, *selection], cwd=FOLDER, check=True)


_KNOWN = explained()


def _is_explained(one: Survivor) -> bool:
    return one.is_words or (one.before, one.after) in _KNOWN


def _report(paths: Sequence[str]) -> int:
    total: Counter[str] = Counter()
    for path in paths:
        held = survivors(path)
        left = {name: one for name, one in held.items() if not _is_explained(one)}
        for name, one in left.items():
            print(f"{one.function} ({name.rpartition('_')[2]})\n    - {one.before}\n    + {one.after}")
        found = states(path)
        counts = {
            "alterations": len(found),
            "noticed": sum(state in NOTICED for state in found.values()),
            "explained": len(held) - len(left),
            "survived": len(left),
            "not tried": sum(state == NOT_YET for state in found.values()),
        }
        total.update(counts)
        print(f"{Path(path).stem:14}{_in_words(counts)}")
    print(f"{'all':14}{_in_words(total)}")
    return int(bool(total["survived"] or total["not tried"] or not total["alterations"]))


def _in_words(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:5} {what}" for what, count in counts.items())


if __name__ == "__main__":
    sys.exit(main())
