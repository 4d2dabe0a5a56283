"""Keeps one process: starts it, and leaves nothing of it behind, however its owner ends.

The owner (the supervisor, or a test run) can be killed at any moment; what it started must not outlive it.
So each process runs under a keeper, which waits until the process ends, the owner is gone, or SIGTERM comes.
The keeper is a subreaper (prctl(2)): whatever the process started, also in sessions of its own, becomes the
keeper's child when its parent is gone, and so can be found and ended. Should the keeper itself be killed, the
process gets SIGTERM from the kernel.

    python -I keeper.py --owner PID [--pid-file FILE] [--user NAME] [--grace SECONDS] -- COMMAND…

The process leads a group of its own, whose id goes to the pid file. The keeper's exit code is the process's.
Standard library alone, run by path: it starts in 20 ms and needs nothing of this project.
"""

import argparse
import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36

libc = ctypes.CDLL(None, use_errno=True)


def main() -> int:
    """Start the process, wait, clean up; its exit code."""
    arguments = parse_arguments()
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1)
    stop_asked, ask_to_stop = os.pipe()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os.write(ask_to_stop, b"."))
    try:
        owner = os.pidfd_open(arguments.owner)
    except ProcessLookupError:
        return 1
    process = subprocess.Popen(
        arguments.command,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        user=arguments.user,
        preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM),  # noqa: PLW1509 - no threads here
    )
    if arguments.pid_file:
        written = arguments.pid_file.with_suffix(".new")  # nobody reads a file that is still empty
        written.write_text(str(process.pid))
        written.replace(arguments.pid_file)
    ended, _, _ = select.select([stop_asked, owner, os.pidfd_open(process.pid)], [], [])
    if stop_asked in ended or owner in ended:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=arguments.grace)
    process.poll()
    kill_descendants()
    return process.wait()


def parse_arguments() -> argparse.Namespace:
    """The command line, as in the module's docstring."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--owner", type=int, required=True)
    parser.add_argument("--pid-file", type=Path)
    parser.add_argument("--user")
    parser.add_argument("--grace", type=float, default=5)
    parser.add_argument("command", nargs="+")
    return parser.parse_args()


def kill_descendants() -> None:
    """SIGKILL every child, and every orphan that becomes one by that, until there is none."""
    while children := Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
        for child in children:
            os.kill(int(child), signal.SIGKILL)
        for child in children:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(int(child), 0)


if __name__ == "__main__":
    sys.exit(main())
