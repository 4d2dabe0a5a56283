"""Forks a deployment's processes out of one that has everything imported, so that a restart takes no time.

    python -m tests.hsmnodes.pipe.zygote SOCKET MODULE

Each connection to the socket brings one order: which part to be (a function of MODULE, as of
tests/hsmnodes/pipe/parts.py), with what.
The fork says its process id, does its part, and says what came of it; a part that dies says nothing, and the
connection ends with its last process.
"""

import importlib
import json
import os
import signal
import socket
import sys
import traceback
from types import ModuleType

# Everything is imported before anything is forked.
import console.celery  # noqa: F401
import hsmnodes.incoming
import hsmnodes.node.agent.cli  # noqa: F401


def main(path: str, module: str) -> None:
    """Take orders for ever."""
    parts = importlib.import_module(module)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        while True:
            connection, _ = server.accept()
            if os.fork() == 0:
                server.close()
                os._exit(serve(connection, parts))
            connection.close()


def serve(connection: socket.socket, parts: ModuleType) -> int:
    """Be the part that is asked for; the exit status."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    with connection, connection.makefile("rw") as stream:
        order = json.loads(stream.readline())
        print(json.dumps(os.getpid()), file=stream, flush=True)
        try:
            answer = getattr(parts, order["part"])(**order["with"])
        except BaseException:  # noqa: BLE001 - a fork must not go on as its parent
            print(json.dumps({"failed": traceback.format_exc()}), file=stream, flush=True)
            return 1
        print(json.dumps(answer), file=stream, flush=True)
    return 0


if __name__ == "__main__":
    main(*sys.argv[1:])
