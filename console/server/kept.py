"""Starting a command under its keeper (console/server/keeper.py)."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from console.server.layout import ROOT

KEEPER = Path(__file__).with_name("keeper.py")

# How long a process has to finish what it is doing when it is asked to stop.
GRACE_SECONDS = 4


def start_kept(
    command: Sequence[str], *, environment: Mapping[str, str], log: Path, aloud: bool = False
) -> subprocess.Popen[bytes]:
    """Start a command that ends with us, however we end; what it prints is appended to `log`.

    If it is to run `aloud`, only its errors are, and the rest goes where our own output goes.
    Returns its keeper: terminating that stops the command, and its exit code is the command's.
    """
    with log.open("ab") as output:
        return subprocess.Popen(
            [
                *(sys.executable, "-I", str(KEEPER), "--owner", str(os.getpid())),
                *("--grace", str(GRACE_SECONDS), "--", *command),
            ],
            stdin=subprocess.DEVNULL,
            stdout=None if aloud else output,
            stderr=output,
            env=dict(environment),
            cwd=ROOT,
            start_new_session=True,
        )
