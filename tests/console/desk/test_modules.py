"""The desk's modules under Node's own test runner, against the vectors that Python is held to."""

import os
import subprocess
from pathlib import Path

import pytest

from console.desk.build import Desk, build
from tests.console.desk.cast import DEPLOYMENT, simulator

SUITES = sorted(Path(__file__).with_name("js").glob("*.test.mjs"))


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built desk, in a folder that Node takes for one of modules."""
    folder = tmp_path_factory.mktemp("modules")
    (folder / "package.json").write_text('{"type": "module"}')
    build(Desk("http://127.0.0.1:8000", "http://localhost:8001", DEPLOYMENT, simulator()), folder / "desk")
    return folder / "desk"


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name.split(".")[0])
def test_the_modules_of_the_desk(suite, modules):
    done = subprocess.run(
        ["node", "--test", "--test-reporter=tap", str(suite)],
        env={**os.environ, "QUORATE_DESK_DIR": str(modules)},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, "\n".join(
        line for line in done.stdout.splitlines() if not line.lstrip().startswith(("ok", "duration"))
    )
    assert "# pass 0" not in done.stdout
