from pathlib import Path

import pytest

from hsmnodes.node.drivers.fake.driver import FakeDriver
from hsmnodes.node.drivers.pkcs11.profile import Profile, softhsm2
from hsmnodes.node.drivers.supervisor import DriverProcess
from tests.hsmnodes.node.drivers.cast import BACKUP_KEY, BACKUP_KEY_ID, LABEL, SO_PIN, USER_PIN


@pytest.fixture(scope="session")
def profile() -> Profile:
    found = softhsm2()
    if not found.module.exists():
        pytest.fail(f"SoftHSM2 is missing ({found.module}): run script/setup, which installs it")
    return found


@pytest.fixture(params=["fake", "softhsm2"])
def make_driver(request):
    """Makes drivers of one kind, and closes them. The tests that use it are the drivers' contract."""
    made = []

    def make(directory: Path):
        if request.param == "fake":
            made.append(FakeDriver(directory, for_tests_only=True))
        else:
            made.append(DriverProcess(request.getfixturevalue("profile"), directory))
        return made[-1]

    yield make
    for driver in made:
        driver.close()


@pytest.fixture
def driver(make_driver, tmp_path):
    """A driver whose directory is empty."""
    return make_driver(tmp_path / "token")


@pytest.fixture
def token(driver):
    """A driver whose token is open."""
    driver.initialise(LABEL, SO_PIN, USER_PIN)
    driver.open(LABEL, lambda: USER_PIN)
    return driver


@pytest.fixture
def zone(token):
    """A driver whose open token has its backup key."""
    token.install_backup_key("backup key", BACKUP_KEY_ID, BACKUP_KEY, SO_PIN)
    return token


@pytest.fixture
def process(profile, tmp_path):
    """A driver process for SoftHSM2 whose token is open."""
    driver = DriverProcess(profile, tmp_path / "token")
    driver.initialise(LABEL, SO_PIN, USER_PIN)
    driver.open(LABEL, lambda: USER_PIN)
    yield driver
    driver.close()
