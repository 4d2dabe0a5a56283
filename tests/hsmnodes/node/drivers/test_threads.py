"""SoftHSM2 as this package loads it stands several threads at once; as python-pkcs11 loads it, it crashes."""

import subprocess
import sys

from tests.hsmnodes.node.drivers.attacker import ROOT

FOUR_THREADS = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from pkcs11 import KeyType, Mechanism, MechanismFlag
from hsmnodes.node.drivers.pkcs11.driver import Pkcs11Driver
from hsmnodes.node.drivers.pkcs11.profile import softhsm2

driver = Pkcs11Driver(softhsm2(Path(sys.argv[2])), Path(sys.argv[1]))
driver.initialise("token", "so-pin", "user-pin")
driver.open("token", lambda: "user-pin")

def work(_):
    with driver._token.token.open(rw=True) as session:  # past the driver's own lock
        for _ in range(100):
            key = session.generate_key(KeyType.AES, 256, capabilities=MechanismFlag.ENCRYPT)
            key.encrypt(bytes(16), mechanism=Mechanism.AES_ECB)
            session.generate_random(256)
            key.destroy()
    return True

with ThreadPoolExecutor(4) as threads:
    assert all(threads.map(work, range(8)))
driver.close()
print("done")
"""


def test_four_threads_work_in_sessions_of_their_own(profile, tmp_path):
    command = [sys.executable, "-c", FOUR_THREADS, str(tmp_path), str(profile.module)]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (finished.returncode, finished.stdout) == (0, "done\n"), finished.stderr
