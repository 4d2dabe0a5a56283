"""Failure, proved: each fault under a load of signatures and operations, on hosts of their own.

What is promised is in docs/availability.md, with what was measured. `--long` lets each fault last longer than
what notices it: heartbeats, health checks, TCP and the outbox.
"""

import shutil
import tempfile
from pathlib import Path

import pytest

from tests.faults.faults import FAULTS
from tests.faults.hosting import Hosting
from tests.faults.namespaces import NoNamespaces
from tests.faults.node_host import missing_for_faults
from tests.faults.trials import in_turn

pytestmark = [pytest.mark.slow, pytest.mark.servers, pytest.mark.timeout(3600)]  # each wait has its own end

SHORT, LONG = 4, 90
SERVED_AGAIN = 5
SLACK = 3  # this test shares its machine, and says by how much it may be slower than what is promised


@pytest.fixture(scope="module")
def hosting():
    if missing := missing_for_faults():
        pytest.skip(f"faults cannot be struck here: there is no {missing}")
    folder = Path(tempfile.mkdtemp(prefix="qrf-"))
    folder.chmod(0o755)
    made = None
    try:
        made = Hosting(folder)
        made.set_up()
        yield made
    except NoNamespaces as missing:
        pytest.skip(f"hosts cannot be made here: there is no {missing}")
    finally:
        if made is not None:
            made.close()
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def seconds(request):
    return LONG if request.config.getoption("--long") else SHORT


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_fails_others_go_on_and_all_is_whole_again(hosting, seconds, fault):
    [measured] = in_turn(hosting, seconds=seconds, only=[fault])
    print(measured)
    assert measured.failed == 0, "a signature failed on a node that was not hit"
    assert measured.lost <= measured.sessions_hit, "a session lost more than the signature under way"
    assert all(after < SLACK * SERVED_AGAIN for after in measured.served_after.values())
    assert measured.operations > 0
    if seconds == LONG:
        assert measured.notes.get("sessions left over on the node", 0) == 0


def test_after_all_of_it_each_operation_ran_once_and_all_nodes_have_the_same_keys(hosting):
    hosting.check_whole()
