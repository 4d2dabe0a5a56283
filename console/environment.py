"""Settings from the environment, read strictly: a typing mistake stops the start, not the service."""

import ipaddress
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

MAIL_ELSEWHERE = {"file": "filebased", "console": "console", "none": "dummy"}
MAIL_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
ORIGIN = re.compile(r"^https?://[a-z0-9.-]{1,200}(:[0-9]{1,5})?$")


def text(name: str, default: str) -> str:
    """The variable's text, or `default` where it is not set."""
    value = os.environ.get(name)
    if value is None:
        return default
    if not value.strip():
        raise ImproperlyConfigured(f"{name} is set but empty.")
    return value


def flag(name: str) -> bool:
    """A yes or no: 1 or 0, nothing else; no where it is not set."""
    value = os.environ.get(name, "0")
    if value not in ("0", "1"):
        raise ImproperlyConfigured(f"{name} must be 0 or 1, not {value!r}.")
    return value == "1"


def number(name: str, default: int, *, most: int | None = None) -> int:
    """A whole, positive number, no greater than `most`."""
    value = os.environ.get(name)
    if value is None:
        return default
    if not value.isascii() or not value.isdigit() or int(value) == 0:
        raise ImproperlyConfigured(f"{name} must be a whole, positive number, not {value!r}.")
    if most is not None and int(value) > most:
        raise ImproperlyConfigured(f"{name} is at most {most}.")
    return int(value)


def origin(name: str, default: str) -> str:
    """An origin: scheme, lowercase host, port if it is not the scheme's own, and nothing after it."""
    value = text(name, default)
    if not ORIGIN.match(value):
        raise ImproperlyConfigured(
            f"{name} must be an origin such as https://console.example, not {value!r}."
        )
    scheme, _, host = value.partition("://")
    if (scheme, host.rpartition(":")[2]) in (("https", "443"), ("http", "80")) and ":" in host:
        raise ImproperlyConfigured(f"{name} must leave out its scheme's own port: browsers do.")
    return value


def folder(name: str) -> Path | None:
    """A folder that must be there, or None where the variable is not set."""
    value = os.environ.get(name)
    if value is None:
        return None
    if not Path(value).is_dir():
        raise ImproperlyConfigured(f"{name} is not a folder: {value!r}.")
    return Path(value)


def path(name: str) -> Path | None:
    """A path at which something may come to be later, or None where the variable is not set."""
    value = text(name, "")
    return Path(value) if value else None


def names(name: str) -> list[str]:
    """Names separated by commas."""
    value = text(name, "-")
    return [] if value == "-" else [part.strip() for part in value.split(",")]


def networks(name: str) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """Networks in CIDR notation, separated by commas."""
    try:
        return [ipaddress.ip_network(one) for one in names(name)]
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be networks such as 10.1.0.0/16: {error}.") from None


@dataclass(frozen=True)
class Mail:
    """How e-mail leaves: by a mail server, or for trying things out into a folder or the console."""

    backend: str
    folder: str = ""
    host: str = ""
    port: int = 25
    user: str = ""
    password: str = ""
    starttls: bool = False
    tls: bool = False


def mail(name: str, state: Path) -> Mail:
    """E-mail by a URL: smtp+starttls://USER:PASSWORD@HOST:587, smtps://…, smtp://…, console: or none:

    Without one, each e-mail is a file in the state folder, and nothing leaves this machine.
    """
    parts = urlsplit(text(name, "file:"))
    if parts.scheme in MAIL_ELSEWHERE:
        backend = MAIL_ELSEWHERE[parts.scheme]
        return Mail(f"django.core.mail.backends.{backend}.EmailBackend", folder=str(state / "mail"))
    if parts.scheme not in MAIL_PORTS or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ImproperlyConfigured(f"{name} must be such as smtp+starttls://USER:PASSWORD@mail.example:587.")
    return Mail(
        "django.core.mail.backends.smtp.EmailBackend",
        host=parts.hostname,
        port=parts.port or MAIL_PORTS[parts.scheme],
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        starttls=parts.scheme == "smtp+starttls",
        tls=parts.scheme == "smtps",
    )


def secret_key(name: str, state: Path) -> str:
    """The variable, or else a key that is drawn once and kept in the state folder for its owner alone."""
    value = os.environ.get(name)
    if value is not None:
        if len(value) < 50:
            raise ImproperlyConfigured(f"{name} must have at least 50 characters.")
        return value
    path = state / "secret-key"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        kept = path.read_text("ascii")
        if len(kept) < 50:
            raise ImproperlyConfigured(f"{path} does not hold a secret key; remove it to draw one.") from None
        return kept
    with os.fdopen(descriptor, "w") as file:
        file.write(drawn := secrets.token_urlsafe(64))
    return drawn


def secret(name: str) -> str:
    """A secret that others are to show, or nothing where the variable is not set."""
    value = text(name, "")
    if value and (len(value) < 32 or not value.isascii() or not value.isprintable() or " " in value):
        raise ImproperlyConfigured(f"{name} must have at least 32 characters of ASCII, and no blanks.")
    return value


def database(name: str, state: Path) -> dict[str, Any]:
    """Django's settings for the database at the URL: sqlite:///PATH or postgresql://USER@HOST/NAME."""
    url = text(name, f"sqlite:///{state}/console.sqlite3")
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return _sqlite(url.removeprefix("sqlite:///"))
    if parts.scheme != "postgresql":
        raise ImproperlyConfigured(f"{name} must begin with sqlite:/// or postgresql://.")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.removeprefix("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": dict(parse_qsl(parts.query, strict_parsing=True)) if parts.query else {},
    }


def _sqlite(path: str) -> dict[str, Any]:
    if not path:
        raise ImproperlyConfigured("The SQLite database needs a path.")
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": path,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
        },
    }
