"""Posting to an address that somebody gave, without being made to reach what only this host can reach.

The name is resolved once and every address checked; the connection goes to the one that was checked. Nothing
but public addresses is allowed, unless QUORATE_WEBHOOK_NETWORKS names others; TLS is verified; no redirect is
followed, no proxy used, and nothing of the answer kept but its status.
"""

import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

import structlog
from django.conf import settings

from tenants.errors import Invalid

logger = structlog.get_logger(__name__)

URL_MAX = 500
CONNECT_SECONDS = 5
WHOLE_SECONDS = 15
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
PROTOCOL_ASSIGNMENTS = ipaddress.IPv4Network("192.0.0.0/24")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True)
class Answer:
    """What came of one attempt: an HTTP status, or the problem in words; and how long it took."""

    status: int | None
    problem: str
    milliseconds: int

    @property
    def is_good(self) -> bool:
        """Whether the receiver took the message (Standard Webhooks: any 2xx)."""
        return self.status is not None and 200 <= self.status < 300


class NotReached(OSError):
    """Nothing was sent; the message says why."""


def check_url(url: str) -> str:
    """The URL, if messages can go there as far as can be told without resolving its name. Raises Invalid."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Invalid("bad-url", "This is not a URL.") from None
    if len(url) > URL_MAX or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise Invalid("bad-url", f"A URL has at most {URL_MAX} characters, all of them printable ASCII.")
    if parts.scheme not in _schemes() or not parts.hostname or port == 0:
        raise Invalid("bad-url", "Messages go to an https:// URL.")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise Invalid("bad-url", "The URL must have neither a user, nor a password, nor a fragment.")
    literal = _literal(parts.hostname)
    if literal is not None and not is_allowed(literal):
        raise Invalid("private-address", _refusal(literal))
    return url


def post(url: str, *, body: bytes, headers: Mapping[str, str]) -> Answer:
    """Send one message. Never raises for what is wrong with the receiver: that is the answer."""
    began = time.monotonic()
    try:
        status, problem = _post(check_url(url), body, headers), ""
    except Invalid as refused:
        status, problem = None, refused.message
    except (NotReached, ssl.SSLCertVerificationError) as refused:
        status, problem = None, getattr(refused, "verify_message", "") or str(refused)
    except TimeoutError:
        status, problem = None, "It did not answer in time."
    except (OSError, http.client.HTTPException, UnicodeError) as error:
        status, problem = None, f"The connection failed: {type(error).__name__}."
    except Exception:
        # One receiver is not to keep the others waiting.
        logger.exception("webhook-not-sent")
        status, problem = None, "Something went wrong here; the operator's logs say what."
    return Answer(status, problem[:200], int((time.monotonic() - began) * 1000))


def is_allowed(address: Address) -> bool:
    """Whether messages may go to an address: a public one, whatever wraps it, or one that was named."""
    if any(address in network for network in settings.WEBHOOK_NETWORKS):
        return True
    inner = _inner(address)
    if inner is not None:
        return is_allowed(inner)
    if isinstance(address, ipaddress.IPv6Address):
        return address in GLOBAL_UNICAST and address.is_global
    return address.is_global and not address.is_multicast and address not in PROTOCOL_ASSIGNMENTS


def _inner(address: Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 address leads to, if it is such a one."""
    if not isinstance(address, ipaddress.IPv6Address):
        return None
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)


def _schemes() -> tuple[str, ...]:
    """Plain HTTP only where an operator has named networks of their own; and then only into those."""
    return ("https", "http") if settings.WEBHOOK_NETWORKS else ("https",)


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _refusal(address: Address) -> str:
    return f"Messages do not go to {address}: it is not a public address."


def _resolve(parts: SplitResult) -> tuple[Address, int]:
    """The one address that will be connected to, and the port. Raises NotReached."""
    port = parts.port or {"https": 443, "http": 80}[parts.scheme]
    try:
        found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NotReached("The name of the host is not known.") from None
    addresses = [ipaddress.ip_address(str(one[4][0]).partition("%")[0]) for one in found]
    for address in addresses:
        if not is_allowed(address):
            raise NotReached(_refusal(address))
    named = [one for one in addresses if any(one in network for network in settings.WEBHOOK_NETWORKS)]
    if parts.scheme == "http" and len(named) < len(addresses):
        raise NotReached("Messages go to other networks by https:// only.")
    return addresses[0], port


def _post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    parts = urlsplit(url)
    address, port = _resolve(parts)
    connection = _Pinned(parts, address, port)
    # A receiver that sends a byte now and then would keep every single read in time, for ever.
    watchdog = threading.Timer(WHOLE_SECONDS, connection.cut)
    watchdog.daemon = True
    watchdog.start()
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, body=body, headers=dict(headers))
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException):
        if not connection.was_cut:
            raise
    finally:
        watchdog.cancel()
        connection.close()
    if connection.was_cut:  # then the headers only seemed to end
        raise TimeoutError
    return status


class _Pinned(http.client.HTTPConnection):
    """A connection to one address, whatever its name resolves to by now; TLS is by the name."""

    def __init__(self, parts: SplitResult, address: Address, port: int) -> None:
        host = parts.hostname or ""
        super().__init__(f"[{host}]" if ":" in host else host, port, timeout=CONNECT_SECONDS)
        self._address, self._tls = str(address), parts.scheme == "https"
        self._name = host
        self.default_port = {"https": 443, "http": 80}[parts.scheme]
        self.was_cut = False

    def connect(self) -> None:
        """Connect to the address that was checked."""
        self.sock = socket.create_connection((self._address, self.port), timeout=CONNECT_SECONDS)
        if self._tls:
            self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self._name)
        self.sock.settimeout(WHOLE_SECONDS)

    def cut(self) -> None:
        """End it from another thread."""
        self.was_cut = True
        if self.sock is not None:
            try:
                self.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                self.sock.close()
