"""Driver processes: what they survive, what they give away (nothing), and what happens when they die."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from pathlib import Path

import pytest

from hsmnodes.node.drivers import supervisor
from hsmnodes.node.drivers.errors import (
    DirectoryInUse,
    DriverDied,
    DriverError,
    DriverTimeout,
    InvalidRequest,
    MechanismUnavailable,
    PinRefused,
    TokenNotOpen,
)
from hsmnodes.node.drivers.supervisor import DriverProcess, Drivers
from hsmnodes.node.drivers.values import Algorithm
from tests.hsmnodes.node.drivers.attacker import ROOT
from tests.hsmnodes.node.drivers.cast import LABEL, SO_PIN, USER_PIN, key_id, spec
from tests.hsmnodes.node.drivers.processes import is_running, kill, wait_until


class TestDeath:
    def test_a_killed_process_is_replaced_and_logged_in_again_at_the_next_call(self, process):
        made = process.generate_key(spec(1))
        before = process.pid
        kill(before)
        assert process.find_key(key_id(1)) == made
        assert process.pid != before

    def test_a_call_that_its_process_did_not_survive_says_so_and_is_not_repeated(self, process):
        os.kill(process.pid, signal.SIGSTOP)
        killer = threading.Timer(0.2, os.kill, (process.pid, signal.SIGKILL))
        killer.start()
        with pytest.raises(DriverDied) as died:
            process.generate_key(spec(1))
        killer.join()
        assert died.value.code == "driver-died"
        assert process.find_key(key_id(1)) is None

    def test_a_process_that_does_not_answer_is_ended_and_replaced(self, process, monkeypatch):
        stuck = process.pid
        os.kill(stuck, signal.SIGSTOP)
        with monkeypatch.context() as impatient:  # with this call alone: to start takes its time
            impatient.setattr(supervisor, "SECONDS_FOR_A_CALL", 0.5)
            with pytest.raises(DriverTimeout):
                process.info()
        assert not is_running(stuck)
        assert process.info().label == LABEL

    def test_the_pin_for_a_new_process_comes_from_its_source_and_is_not_tried_twice_if_refused(self, process):
        pins = []

        def source():
            pins.append(USER_PIN if not pins else "wrong-pin-99")
            return pins[-1]

        process.close()
        process.open(LABEL, source)
        kill(process.pid)
        with pytest.raises(PinRefused) as refused:
            process.list_keys()
        assert refused.value.code == "CKR_PIN_INCORRECT"
        with pytest.raises(TokenNotOpen):
            process.list_keys()
        assert pins == [USER_PIN, "wrong-pin-99"]

    def test_it_ends_when_the_agent_is_killed_even_in_the_middle_of_a_call(self, profile, tmp_path):
        agent = subprocess.Popen(
            [sys.executable, "-c", AGENT, str(tmp_path), str(profile.module)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        with agent:
            child = int(agent.stdout.readline())
            os.kill(child, signal.SIGSTOP)  # so that it cannot notice the end of its input
            agent.kill()
            wait_until(lambda: not is_running(child))

    def test_it_ends_when_it_is_closed(self, process):
        pid = process.pid
        process.close()
        assert not is_running(pid)

    def test_it_outlives_the_thread_that_first_used_it(self, process):
        process.close()
        thread = threading.Thread(target=process.open, args=(LABEL, lambda: USER_PIN))
        thread.start()
        thread.join()
        pid = process.pid
        time.sleep(0.1)
        process.info()
        assert process.pid == pid


AGENT = """
import sys, time
from pathlib import Path
from hsmnodes.node.drivers.pkcs11.profile import softhsm2
from hsmnodes.node.drivers import supervisor
from hsmnodes.node.drivers.supervisor import DriverProcess
driver = DriverProcess(softhsm2(Path(sys.argv[2])), Path(sys.argv[1]))
driver.initialise("token", "so-pin", "user-pin")
print(driver.pid, flush=True)
time.sleep(60)
"""


class TestOneProcessADirectory:
    def test_a_second_process_for_a_directory_is_refused(self, process, profile, tmp_path):
        second = DriverProcess(profile, tmp_path / "token")
        with pytest.raises(DirectoryInUse):
            second.open(LABEL, lambda: USER_PIN)
        second.close()
        process.info()

    def test_a_fork_of_the_agent_does_not_speak_into_its_parents_connection(self, process):
        context = multiprocessing.get_context("fork")
        outcomes = context.SimpleQueue()
        fork = context.Process(target=use_in_a_fork, args=(process, outcomes))
        fork.start()
        assert outcomes.get() == "directory-in-use"
        fork.join()
        process.info()

    def test_a_pool_gives_one_driver_a_directory(self, profile, tmp_path):
        drivers = Drivers(profile)
        first, second = drivers.get(tmp_path / "a"), drivers.get(tmp_path / "b")
        assert drivers.get(tmp_path / "a" / ".." / "a") is first
        for driver, label in ((first, "a"), (second, "b")):
            driver.initialise(label, SO_PIN, USER_PIN)
            driver.open(label, lambda: USER_PIN)
        assert first.info().serial != second.info().serial
        pids = [first.pid, second.pid]
        drivers.forget(tmp_path / "a")
        drivers.close()
        assert not any(is_running(pid) for pid in pids)


def use_in_a_fork(process, outcomes):
    try:
        process.info()
        outcomes.put("done")
    except DriverError as error:
        outcomes.put(error.code)


class TestSecrets:
    def test_a_process_has_no_pin_in_its_arguments_environment_or_output(self, process, capfd):
        with pytest.raises(PinRefused):
            process.install_backup_key("backup key", key_id(1), bytes(32), "wrong-pin-99")
        process.info()
        shown = b"".join(Path(f"/proc/{process.pid}/{name}").read_bytes() for name in ("cmdline", "environ"))
        shown += "".join(capfd.readouterr()).encode()
        assert not any(secret.encode() in shown for secret in (SO_PIN, USER_PIN, "wrong-pin-99"))

    def test_a_process_gets_nothing_of_the_agents_environment_but_paths(self, process, monkeypatch):
        monkeypatch.setenv("QUORATE_BROKER", "amqp://node:broker-password@localhost")
        kill(process.pid)
        process.info()
        assert b"broker-password" not in Path(f"/proc/{process.pid}/environ").read_bytes()

    def test_a_refused_pin_is_in_no_traceback(self, process):
        process.close()
        wrong = f"wrong-pin-{90 + 9}"  # so that the line below does not show it
        try:
            process.open(LABEL, lambda: wrong)
        except PinRefused as refused:
            shown = "".join(traceback.format_exception(refused))
        assert wrong not in shown

    def test_a_pin_that_is_too_short_is_refused_without_repeating_it(self, process):
        process.close()
        with pytest.raises(InvalidRequest) as refused:
            process.open(LABEL, lambda: "xyz")
        assert "xyz" not in str(refused.value)


class TestProfiles:
    def test_a_module_that_is_missing_is_named(self, profile, tmp_path):
        driver = DriverProcess(profile.model_copy(update={"module": tmp_path / "missing.so"}), tmp_path)
        with pytest.raises(DriverError, match=r"no PKCS#11 module at .*missing\.so"):
            driver.info()
        driver.close()

    def test_a_path_that_the_configuration_cannot_hold_is_refused(self, profile, tmp_path):
        driver = DriverProcess(profile, tmp_path / "a#b")
        with pytest.raises(InvalidRequest):
            driver.info()
        driver.close()

    def test_an_hsm_without_trusted_wrapping_signs_with_keys_that_cannot_leave_it(self, profile, tmp_path):
        limits = {"trusted_wrapping": False, "algorithms": frozenset({Algorithm.EC_P256})}
        driver = DriverProcess(profile.model_copy(update=limits), tmp_path)
        driver.initialise(LABEL, SO_PIN, USER_PIN)
        driver.open(LABEL, lambda: USER_PIN)
        assert driver.generate_key(spec(1)).attributes["never_extractable"]
        with pytest.raises(MechanismUnavailable):
            driver.generate_key(spec(2, Algorithm.RSA_2048))
        with pytest.raises(MechanismUnavailable):
            driver.install_backup_key("backup key", key_id(9), bytes(32), SO_PIN)
        assert len(driver.list_keys()) == 1
        driver.close()
