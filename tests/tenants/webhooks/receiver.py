"""A receiver of webhooks that really listens, and checks what comes by its own reading of the standard."""

import base64
import hashlib
import hmac
import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def check(secret: str, headers: dict[str, str], body: bytes, *, tolerance: int = 300) -> dict:
    """What a message says, if it holds by Standard Webhooks 1.0.0; written without the console's code."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    message, moment = headers["webhook-id"], headers["webhook-timestamp"]
    if abs(time.time() - int(moment)) > tolerance:
        raise AssertionError("too old, or too new")
    signed = b".".join([message.encode(), moment.encode(), body])
    right = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    given = [one.partition(",") for one in headers["webhook-signature"].split(" ")]
    if not any(version == "v1" and hmac.compare_digest(text, right) for version, _, text in given):
        raise AssertionError("no signature holds")
    return json.loads(body)


@dataclass
class Request:
    """What came."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """Answers with `statuses` in order, and then with the last of them."""

    statuses: list[int] = field(default_factory=lambda: [204])
    location: str = ""
    pause: float = 0
    requests: list[Request] = field(default_factory=list)

    def __post_init__(self):
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.requests.append(Request(self.path, headers, body))
                status = receiver.statuses[min(len(receiver.requests), len(receiver.statuses)) - 1]
                time.sleep(receiver.pause)
                self.send_response(status)
                if receiver.location:
                    self.send_header("Location", receiver.location)
                self.end_headers()

            def do_GET(self):
                receiver.requests.append(Request(self.path, {}, b""))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/hook"

    def close(self):
        self.server.shutdown()
        self.server.server_close()
