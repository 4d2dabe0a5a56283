"""The desk's own verifier, in Node and in Chromium, against the cases that Python decides alike."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from console.desk.server import make_application
from tests.console.desk.conftest import serving
from tests.console.desk.verifying import bring_judge, build_desk, deviations
from tests.verifier.book import VECTORS

SUITES = sorted((Path(__file__).parent / "js" / "verify").glob("*.test.mjs"))


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name.split(".")[0])
def test_the_verifier_in_node(suite, tmp_path):
    done = subprocess.run(
        ["node", "--test", "--test-reporter=tap", str(suite)],
        env={**os.environ, "QUORATE_DESK_DIR": str(build_desk(tmp_path))},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, "\n".join(
        line for line in done.stdout.splitlines() if not line.lstrip().startswith(("ok", "duration"))
    )
    assert "# pass 0" not in done.stdout


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a desk of the cast's deployment."""
    with serving(None) as server:
        origin = f"http://localhost:{server.server_port}"
        server.set_app(make_application(build_desk(tmp_path_factory.mktemp("verifier"), origin=origin)))
        yield origin


@pytest.mark.browser
@pytest.mark.parametrize("file", sorted(VECTORS.glob("*.json")), ids=lambda file: file.stem)
def test_the_verifier_in_a_browser(page: Page, desk, file):
    bring_judge(page, desk)
    assert deviations(page, json.loads(file.read_text("utf-8"))) == []
