"""An application that signs without end, as several clients; on its own host, through its connection.

    python -I client.py MODULE TOKEN PIN FILE CLIENTS SECONDS

Each client is connected and signs every so many seconds. When a call fails it begins anew, as a program
does that is started again. Each attempt to connect or to sign is a line of JSON in FILE: which client, when
it began and how long it took by the monotonic clock, by which token (its serial number) and what came of it.
"""

import json
import os
import sys
import time

import pkcs11

PAUSE_SECONDS = 0.1


def main(module: str, token: str, pin: str, file: str, clients: int, seconds: float) -> None:
    """Be all clients, for ever."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for number in range(clients):
        if os.fork() == 0:
            while True:
                if (child := os.fork()) == 0:
                    be_client(number, descriptor, module, token, pin, seconds)
                os.waitpid(child, 0)
                time.sleep(PAUSE_SECONDS)
    os.wait()


def be_client(number: int, descriptor: int, module: str, token: str, pin: str, seconds: float) -> None:
    """Connect and sign until a call fails."""
    serial, what = "", "connect"
    try:
        while True:
            began = time.monotonic()
            if what == "connect":
                found = pkcs11.lib(module).get_token(token_label=token)
                serial = found.serial.decode()
                session = found.open(user_pin=pin)
                key = session.get_key(object_class=pkcs11.ObjectClass.PRIVATE_KEY)
            else:
                key.sign(bytes(32), mechanism=pkcs11.Mechanism.ECDSA)
            note(descriptor, number, began, what, serial, "")
            what = "sign"
            time.sleep(seconds)
    except Exception as error:  # noqa: BLE001 - whatever it is, the call failed
        note(descriptor, number, began, what, serial, type(error).__name__)
    os._exit(0)


def note(descriptor: int, number: int, began: float, what: str, serial: str, error: str) -> None:
    """One attempt in one write, so that the clients' lines do not mix."""
    said = {
        "client": number,
        "at": began,
        "took": time.monotonic() - began,
        "what": what,
        "serial": serial,
        "error": error,
    }
    os.write(descriptor, json.dumps(said).encode() + b"\n")


if __name__ == "__main__":
    words = sys.argv[1:]
    main(*words[:4], clients=int(words[4]), seconds=float(words[5]))
