"""A pytest plugin that tries alterations: one process each, forked from a session that has collected tests.

Run by `python -m tests.mutants` in the folder of altered copies. Collecting takes most of the time that a
short test run takes, so it is done once. Tests that noticed another alteration of the same function come
first, then those that noticed one in the same file, then the others, always the quickest first, and those
later that repeat a test with other parameters. The first that fails ends it, if it fails twice: what fails by
chance has noticed nothing.
"""

import gc
import json
import os
import resource
import signal
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import pytest
from _pytest.runner import runtestprotocol
from hypothesis import Phase, settings
from mutmut.mutation.data import SourceFileMutationData
from mutmut.mutation.trampoline import set_mutant_under_test
from mutmut.utils.format_utils import mangled_name_from_mutant_name

from tests.mutants.lines import Places, Reached, Reaching, altered_copies

MEASURED, NOTICED = Path("measured.json"), Path("noticed.json")
SURVIVED, KILLED, BROKEN_OFF, NO_TESTS, TIMEOUT = 0, 1, 2, 33, 36
# An alteration that runs on and on is noticed by what it uses: the processor's seconds, not the clock's, so
# that a busy machine kills nothing. What waits without using any is noticed by the clock, very late.
SPARE_SECONDS, SPARE_TIMES, WAITING_SECONDS = 30, 5, 1800
MEMORY = 8 << 30


class Measured(NamedTuple):
    """What is known of a test: the digest of it and the core, the seconds it takes, the lines it comes to."""

    digest: str
    seconds: float
    reached: Reached


class Trial(NamedTuple):
    """An alteration that is being tried.

    `late` is when its time is over, `told` where its process writes which test failed; what survives has
    survived only if it was tried on the `whole` of what could notice it.
    """

    name: str
    path: str
    late: float
    told: int
    whole: bool

    @property
    def function(self) -> str:
        """The function that is altered."""
        return mangled_name_from_mutant_name(self.name)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--alterations", required=True, help="a JSON file: path of source, then names, to be tried"
    )
    parser.addoption(
        "--at-once", type=int, default=os.cpu_count() or 1, help="how many are tried side by side"
    )
    parser.addoption(
        "--budget", type=float, default=0, help="leave off after so many seconds of tests (0: never)"
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """The same examples every time, and no search for the smallest: that a test fails is enough."""
    settings.register_profile(
        "mutants",
        parent=settings.get_profile("quorate"),
        phases=[Phase.explicit, Phase.generate],
        derandomize=True,
        database=None,
    )
    settings.load_profile("mutants")


def pytest_runtestloop(session: pytest.Session) -> bool:
    """Try all that is asked, and write what became of each beside the altered source."""
    say = session.config.get_terminal_writer()
    _make_ready(session.items)
    gc.freeze()
    known = _measure(session)
    trials = _Trials(session, known, lambda text: say.line(text, red=True))
    try:
        for path, names in json.loads(Path(session.config.getoption("--alterations")).read_text()).items():
            for name in names:
                trials.start(name, path)
        trials.finish()
    finally:
        trials.stop()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    say.line(f"{trials.tried} tried in {used.ru_utime + used.ru_stime:.0f} seconds of the processor")
    return True


def _make_ready(items: list[pytest.Item]) -> None:
    """The test database is made once: what is forked has a copy of it, in memory."""
    first = next((one for one in items if one.get_closest_marker("django_db")), None)
    other = next((one for one in items if first and one.path != first.path), None)
    if first and other:
        runtestprotocol(first, log=False, nextitem=other)


def _measure(session: pytest.Session) -> dict[str, Measured]:
    """Which lines each test comes to, and how long it takes; known as long as its file and the core stay."""
    held = json.loads(MEASURED.read_text()) if MEASURED.exists() else {}
    known = {test: Measured(*one) for test, one in held.items()}
    core = b"".join(path.read_bytes() for path in sorted(altered_copies()))
    files = {item.path for item in session.items}
    digests = {path: sha256(core + path.read_bytes()).hexdigest() for path in files}
    new = [
        item
        for item in session.items
        if item.nodeid not in known or known[item.nodeid].digest != digests[item.path]
    ]
    if new:
        told = Path("measured.new.json")
        child = _fork(lambda: _measure_each(new, digests, told))
        if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0:
            pytest.exit("The tests fail on the sources as they are; run script/test", returncode=1)
        known |= {test: Measured(*one) for test, one in json.loads(told.read_text()).items()}
        MEASURED.write_text(json.dumps(known))
        told.unlink()
    return {item.nodeid: known[item.nodeid] for item in session.items}


def _measure_each(items: list[pytest.Item], digests: dict[Path, str], told: Path) -> int:
    set_mutant_under_test("")
    reaching, seconds = Reaching(), {}
    for item, following in zip(items, [*items[1:], items[-1]], strict=True):
        began = time.process_time()
        with reaching.by(item.nodeid):
            passes = _passes(item, following)
        if not passes:
            print(item.nodeid, "fails", file=sys.__stderr__)
            return KILLED
        seconds[item.nodeid] = time.process_time() - began
    reached = reaching.read()
    found = {
        item.nodeid: Measured(digests[item.path], seconds[item.nodeid], reached.get(item.nodeid, {}))
        for item in items
    }
    told.write_text(json.dumps(found))
    return SURVIVED


class _Trials:
    """The alterations that are being tried, as many at once as is allowed."""

    def __init__(
        self, session: pytest.Session, known: dict[str, Measured], tell: Callable[[str], None]
    ) -> None:
        self.items = {item.nodeid: item for item in session.items}
        self.known = known
        self.at_once = session.config.getoption("--at-once")
        self.budget = session.config.getoption("--budget")
        self.running: dict[int, Trial] = {}
        self.tried = 0
        self.sources: dict[str, SourceFileMutationData] = {}
        self.places = Places()
        held = json.loads(NOTICED.read_text()) if NOTICED.exists() else {}
        self.noticed = defaultdict[str, set[str]](set, {where: set(tests) for where, tests in held.items()})
        self.tell = tell

    def start(self, name: str, path: str) -> None:
        """Try one as soon as there is room."""
        while len(self.running) >= self.at_once:
            self._wait()
        noticing = list(self._noticing(name, path))
        chosen = [self.items[test] for test in self._affordable(noticing)]
        late, whole = time.monotonic() + WAITING_SECONDS, len(chosen) == len(noticing)
        trial = Trial(name, path, late, os.memfd_create(name), whole)
        if not chosen:
            self._write(trial, NO_TESTS)
            return
        limit = int(SPARE_SECONDS + SPARE_TIMES * sum(self.known[one.nodeid].seconds for one in chosen))
        self.running[_fork(lambda: _try(trial, chosen, limit))] = trial

    def finish(self) -> None:
        while self.running:
            self._wait()

    def stop(self) -> None:
        """End what is still running."""
        for child in self.running:
            os.kill(child, signal.SIGKILL)

    def _noticing(self, name: str, path: str) -> Iterator[str]:
        """The tests that come to what is altered, in their order."""
        altered = self.places.of(name, path)
        coming = [test for test, one in self.known.items() if altered.is_reached(one.reached)]
        here, near = self.noticed[mangled_name_from_mutant_name(name)], self.noticed[path]
        alike, order = Counter[str](), []
        for test in sorted(coming, key=lambda one: self.known[one].seconds):
            kind = test.partition("[")[0]
            cost = self.known[test].seconds * (1 + alike[kind] / 8)
            order.append((test not in here, test not in near, cost, test))
            alike[kind] += 1
        yield from (test for *_, test in sorted(order))

    def _affordable(self, tests: Iterable[str]) -> Iterator[str]:
        """As many of these as the budget allows, and one at least."""
        spent = 0.0
        for test in tests:
            if self.budget and spent > self.budget:
                return
            spent += self.known[test].seconds
            yield test

    def _wait(self) -> None:
        """Until one has ended."""
        while True:
            child, status = os.waitpid(-1, os.WNOHANG)
            if child in self.running:
                break
            for late in [child for child, one in self.running.items() if time.monotonic() > one.late]:
                os.kill(late, signal.SIGXCPU)
            time.sleep(0.02)
        code = os.waitstatus_to_exitcode(status)
        trial = self.running.pop(child)
        self._write(trial, TIMEOUT if code == -signal.SIGXCPU else code)

    def _write(self, trial: Trial, code: int) -> None:
        self.tried += 1
        test = os.pread(trial.told, 10_000, 0).decode()
        os.close(trial.told)
        if test and test not in self.noticed[trial.function]:
            self.noticed[trial.function].add(test)
            self.noticed[trial.path].add(test)
            NOTICED.write_text(json.dumps({where: sorted(tests) for where, tests in self.noticed.items()}))
        if trial.path not in self.sources:
            source = self.sources[trial.path] = SourceFileMutationData(path=trial.path)
            source.meta_path = Path(f"{trial.path}.meta")
            source.load()
        if code == SURVIVED and not trial.whole:
            return
        self.sources[trial.path].exit_code_by_key[trial.name] = code
        self.sources[trial.path].save()
        if code not in (KILLED, TIMEOUT):
            self.tell(f"{trial.name} was not noticed")


def _try(trial: Trial, items: list[pytest.Item], limit: int) -> int:
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 5))
    set_mutant_under_test(trial.name)
    for item, following in zip(items, [*items[1:], items[-1]], strict=True):
        if not (_passes(item, following) or _passes(item, following)):
            os.write(trial.told, item.nodeid.encode())
            return KILLED
    return SURVIVED


def _passes(item: pytest.Item, following: pytest.Item) -> bool:
    return not any(report.failed for report in runtestprotocol(item, log=False, nextitem=following))


def _fork(work: Callable[[], int]) -> int:
    """A process that does this work, silently, and nothing else."""
    child = os.fork()
    if child:
        return child
    code = BROKEN_OFF
    try:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, 1)
        code = work()
    finally:
        os._exit(code)
