"""System checks of a deployment: `manage.py check --deploy` refuses mixtures that only look like production.

A production deployment has HTTPS on two hosts, PostgreSQL under an ordinary role and RabbitMQ, both over TLS,
and no charter of a demonstration. Each message has an id that is never used again, and says what to do.
"""

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as Warned
from django.db import DatabaseError, connection

LOOPBACK = {"localhost", "127.0.0.1", "::1"}
VERIFYING_SSL_MODES = {"verify-ca", "verify-full"}


@register("quorate", deploy=True)
def check_deployment(**_: Any) -> list[CheckMessage]:
    """Everything about this deployment that must not go into production."""
    return [
        *check_modes(),
        *check_origins(),
        *check_broker(),
        *check_database(),
        *check_charters(),
        *check_mail(),
        *check_models(),
    ]


def check_modes() -> Iterator[CheckMessage]:
    """No debugging: its pages show settings and variables to whoever makes an error."""
    if settings.DEBUG:
        yield Error("Debugging is on.", hint="Leave QUORATE_DEBUG out.", id="quorate.E001")


def check_origins() -> Iterator[CheckMessage]:
    """HTTPS on both origins, and nothing of the console on, or below, the desk's host name."""
    console, desk = urlsplit(settings.CONSOLE_ORIGIN), urlsplit(settings.DESK_ORIGIN)
    for name, origin in (("QUORATE_CONSOLE_ORIGIN", console), ("QUORATE_DESK_ORIGIN", desk)):
        if origin.scheme != "https":
            yield Error(
                f"{name} is not HTTPS: whoever is on the way can take sessions over.",
                hint="Serve it over TLS, and begin the origin with https://.",
                id="quorate.E002",
            )
    console_host, desk_host = console.hostname or "", desk.hostname or ""
    if console_host == desk_host or console_host.endswith(f".{desk_host}"):
        yield Error(
            "The console is served on the desk's host name or below it, where its pages could ask tokens to "
            "sign in the desk's place.",
            hint="Give the desk a host name of its own, with nothing else on it or below it.",
            id="quorate.E003",
        )


def check_broker() -> Iterator[CheckMessage]:
    """RabbitMQ over TLS. The embedded broker is one file that everyone on the machine shares."""
    broker = urlsplit(settings.BROKER_URL)
    if broker.scheme not in {"amqp", "amqps"}:
        if not settings.DEMO:
            yield Error(
                "The embedded broker is for demonstrations.",
                hint="Name a RabbitMQ in QUORATE_BROKER_URL: amqps://USER:PASSWORD@HOST/VHOST.",
                id="quorate.E004",
            )
    elif broker.scheme == "amqp" and broker.hostname not in LOOPBACK:
        yield Error(
            "Messages to the broker are not encrypted.",
            hint="Use amqps:// in QUORATE_BROKER_URL.",
            id="quorate.E005",
        )


def check_database() -> Iterator[CheckMessage]:
    """PostgreSQL, over TLS where it is another machine, under a role that obeys the protections in it."""
    if connection.vendor != "postgresql":
        if not settings.DEMO:
            yield Error(
                "SQLite is for demonstrations: it has no roles, and one writer at a time.",
                hint="Name a PostgreSQL in QUORATE_DATABASE_URL.",
                id="quorate.E006",
            )
        return
    given = connection.settings_dict
    host = given["OPTIONS"].get("host") or given["HOST"]
    is_remote = bool(host) and not host.startswith("/") and host not in LOOPBACK
    if is_remote and given["OPTIONS"].get("sslmode") not in VERIFYING_SSL_MODES:
        yield Error(
            "The connection to the database does not check whom it talks to.",
            hint="Add ?sslmode=verify-full to QUORATE_DATABASE_URL.",
            id="quorate.E007",
        )
    yield from check_database_role()


def check_database_role() -> Iterator[CheckMessage]:
    """An ordinary role: a superuser passes by the triggers and rights that keep the log append-only."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
            (is_superuser,) = cursor.fetchone()
    except DatabaseError as problem:
        yield Error(f"The database cannot be asked: {problem}", id="quorate.E008")
        return
    if is_superuser:
        yield Error(
            "The console's database role is a superuser.",
            hint="Make a role without SUPERUSER that owns the database, and use it.",
            id="quorate.E009",
        )


def check_charters() -> Iterator[CheckMessage]:
    """Demo charters in demo deployments, production charters in production ones, never both."""
    from tenants.models import CharterVersion  # models are not loaded when this module is

    try:
        charters = [version.document for version in CharterVersion.objects.exclude(state="discarded")]
    except DatabaseError:
        return  # not migrated yet, or not reachable, which check_database_role says
    production = [charter for charter in charters if not charter.demo]
    if settings.DEMO and production:
        yield Error(
            f"This is run as a demonstration, and holds charters that are none: {names(production)}.",
            hint="Leave QUORATE_DEMO out. The token simulator must not be offered where charters are real.",
            id="quorate.E010",
        )
    if not settings.DEMO and len(production) < len(charters):
        demo = [charter for charter in charters if charter.demo]
        yield Error(
            f"There are charters of a demonstration here: {names(demo)}.",
            hint="Begin production with an empty database. Simulated tokens are anybody's.",
            id="quorate.E011",
        )


def check_mail() -> Iterator[CheckMessage]:
    """Somebody gets the e-mails, and nobody on the way reads them."""
    if settings.EMAIL_BACKEND.endswith(("filebased.EmailBackend", "console.EmailBackend")):
        if not settings.DEMO:
            yield Error(
                "E-mails are written where nobody reads them.",
                hint="Name a mail server in QUORATE_MAIL_URL, or none: to send no e-mail.",
                id="quorate.E012",
            )
    elif settings.EMAIL_BACKEND.endswith("smtp.EmailBackend"):
        is_encrypted = settings.EMAIL_USE_TLS or settings.EMAIL_USE_SSL
        if not is_encrypted and settings.EMAIL_HOST not in LOOPBACK:
            yield Error(
                "E-mails go to the mail server unencrypted.",
                hint="Begin QUORATE_MAIL_URL with smtp+starttls:// or smtps://.",
                id="quorate.E013",
            )


def check_models() -> Iterator[CheckMessage]:
    """A list of token models needs its root to be verified; one that is overdue proves no token's make."""
    if (settings.METADATA_BLOB is None) != (settings.METADATA_ROOT is None):
        yield Error(
            "Of QUORATE_METADATA_BLOB and QUORATE_METADATA_ROOT only one is set.",
            hint="Name the list of token models and the root it is verified by, or neither.",
            id="quorate.E014",
        )
    if settings.METADATA_BLOB is None:
        return
    from tenants.metadata import keeping  # models are not loaded when this module is

    try:
        is_current = keeping.current_list() is not None
    except DatabaseError:
        return  # not migrated yet, or not reachable, which check_database_role says
    if not is_current:
        yield Warned(
            "No list of token models is loaded, or the next one is overdue: no token's make is proved by it.",
            hint="Fetch it, and run manage.py token_models.",
            id="quorate.W001",
        )


def names(charters: Sequence[Any]) -> str:
    """The authorities of some charters, each once."""
    return ", ".join(sorted({charter.authority.name for charter in charters}))
