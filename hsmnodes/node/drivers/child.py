"""A driver process: `python -m hsmnodes.node.drivers.child`, started by `supervisor.DriverProcess`.

It drives one token directory, which it locks, and answers requests from its standard input on its standard
output until that ends. It dies with the agent, whose process id it is given: the kernel kills it when its
parent's thread ends; it ends by itself if that was so already, or when nobody holds the other end of its
input.
"""

import ctypes
import fcntl
import os
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import BinaryIO

from pydantic import ValidationError

from hsmnodes.node.drivers.base import Driver
from hsmnodes.node.drivers.errors import DirectoryInUse, DriverError, InvalidRequest
from hsmnodes.node.drivers.pkcs11.driver import Pkcs11Driver
from hsmnodes.node.drivers.wire import Answer, Launch, frame, read_frame, read_request, refusal, reply

PR_SET_PDEATHSIG = 1
LAST_BREATH_SECONDS = 5
LOCK_FILE = "driver.lock"


def main() -> None:
    """Answer requests until the input ends."""
    die_with_parent(int(sys.argv[1]))
    requests, replies = take_standard_streams()
    driver: Driver | None = None
    while (payload := read_frame(requests.read)) is not None:
        if driver is None:
            driver, answer = launch(payload)
        else:
            answer = carry_out(driver, payload)
        replies.write(frame(answer))
        replies.flush()


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when the thread that started it ends (prctl(2)); end if it has."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit("the agent that wanted this driver process is gone")


def take_standard_streams() -> tuple[BinaryIO, BinaryIO]:
    """Standard input and output for messages alone: what a library prints goes to standard error."""
    requests = os.fdopen(os.dup(0), "rb")
    replies = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return requests, replies


def launch(payload: bytes) -> tuple[Driver | None, bytes]:
    """The driver that a `Launch` asks for, and the answer to it."""
    try:
        wanted = Launch.model_validate_json(payload)
        wanted.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock_directory(wanted.directory)
        return Pkcs11Driver(wanted.profile, wanted.directory), Answer().model_dump_json().encode()
    except ValidationError:
        return None, refusal(InvalidRequest("a driver process was launched wrongly"))
    except DriverError as error:
        return None, refusal(error)


def lock_directory(directory: Path) -> None:
    """Hold the directory for as long as this process lives. Raises `DirectoryInUse`.

    A child of an agent that was killed may need a moment to notice and end, so it is waited for.
    """
    held = os.open(directory / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + LAST_BREATH_SECONDS
    while True:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise DirectoryInUse(f"another driver process holds {directory}") from None
            time.sleep(0.02)
        else:
            return


def carry_out(driver: Driver, payload: bytes) -> bytes:
    """The answer to a request: what the driver's method returned or raised."""
    try:
        method, arguments = read_request(payload)
        if method == "open":
            pin = arguments["pin"]
            arguments["pin"] = lambda: pin
        return reply(method, getattr(driver, method)(**arguments))
    except DriverError as error:
        return refusal(error)
    except Exception as error:  # noqa: BLE001 -- a mistake here is answered, and must not show what it was given
        report_mistake(error)
        return refusal(DriverError(f"the driver failed by {type(error).__name__}; see the node's log"))


def report_mistake(error: Exception) -> None:
    """Where a mistake happened, on standard error: without its message, which may hold what it was given."""
    places = "".join(traceback.format_tb(error.__traceback__))
    sys.stderr.write(f"driver process {os.getpid()}: {type(error).__name__}\n{places}")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
