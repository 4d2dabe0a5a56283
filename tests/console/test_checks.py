"""`manage.py check --deploy` refuses what only looks like production, and each refusal says what to do."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from console import environment
from console.checks import check_deployment, check_models
from hsmnodes.node.protocol.documents import AuthorityKind
from tenants import clock
from tenants.models import CharterState, CharterVersion, Organisation
from tests.cast.charters import make_charter
from tests.cast.people import NORTHGATE, PROVIDER_PEOPLE
from tests.world.models import load_models

pytestmark = [pytest.mark.django_db, pytest.mark.both_stacks]


@pytest.fixture(autouse=True)
def production(settings):
    """Settings as production has them, whatever this test run has."""
    settings.DEBUG = False
    settings.DEMO = False
    settings.CONSOLE_ORIGIN = "https://console.example"
    settings.DESK_ORIGIN = "https://desk.example"
    settings.BROKER_URL = "amqps://console:secret@broker.example/quorate"
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_USE_TLS = "mail.example", True
    return settings


def ids():
    """What is refused, but for the database of this test run."""
    found = check_deployment()
    assert all(message.is_serious() for message in found)
    return {message.id.removeprefix("quorate.") for message in found} - {"E006"}


def test_a_production_deployment_passes():
    assert ids() == set()


def test_debugging_is_refused(settings):
    settings.DEBUG = True
    assert ids() == {"E001"}


@pytest.mark.parametrize("name", ["CONSOLE_ORIGIN", "DESK_ORIGIN"])
def test_an_origin_without_tls_is_refused(settings, name):
    setattr(settings, name, getattr(settings, name).replace("https", "http"))
    assert ids() == {"E002"}


@pytest.mark.parametrize(
    "console",
    ["https://desk.example", "https://desk.example:8443", "https://console.desk.example"],
)
def test_a_console_that_could_use_the_desks_tokens_is_refused(settings, console):
    settings.CONSOLE_ORIGIN = console
    assert ids() == {"E003"}


def test_a_desk_below_the_consoles_name_is_its_own(settings):
    settings.CONSOLE_ORIGIN = "https://hsm.example"
    settings.DESK_ORIGIN = "https://desk.hsm.example"
    assert ids() == set()


def test_the_embedded_broker_is_refused(settings):
    settings.BROKER_URL = "sqla+sqlite:///broker.sqlite3"
    assert ids() == {"E004"}


def test_a_distant_broker_without_tls_is_refused(settings):
    settings.BROKER_URL = "amqp://console:secret@broker.example/quorate"
    assert ids() == {"E005"}


def test_a_broker_on_this_machine_needs_no_tls(settings):
    settings.BROKER_URL = "amqp://console:secret@127.0.0.1/quorate"
    assert ids() == set()


def test_sqlite_is_refused():
    found = {message.id for message in check_deployment()}
    assert found == ({"quorate.E006"} if connection.vendor == "sqlite" else set())


def test_e_mails_that_nobody_reads_are_refused_outside_a_demo(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    assert ids() == {"E012"}
    settings.DEMO = True
    assert ids() == set()


def test_a_distant_mail_server_without_tls_is_refused(settings):
    settings.EMAIL_USE_TLS = False
    assert ids() == {"E013"}
    settings.EMAIL_HOST = "127.0.0.1"
    assert ids() == set()


def test_no_e_mail_at_all_is_allowed(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    assert ids() == set()


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        (
            "smtp+starttls://me:p%40ss@mail.example",
            ("mail.example", 587, "me", "p@ss", True, False),
        ),
        ("smtps://mail.example:4650", ("mail.example", 4650, "", "", False, True)),
        ("smtp://127.0.0.1:2525", ("127.0.0.1", 2525, "", "", False, False)),
    ],
)
def test_a_mail_server_is_read_from_its_url(monkeypatch, tmp_path, url, wanted):
    monkeypatch.setenv("QUORATE_MAIL_URL", url)
    found = environment.mail("QUORATE_MAIL_URL", tmp_path)
    assert (found.host, found.port, found.user, found.password, found.starttls, found.tls) == wanted
    assert found.backend == "django.core.mail.backends.smtp.EmailBackend"


@pytest.mark.parametrize("url", ["mail.example", "http://mail.example", "smtp://", "smtp://mail.example/x"])
def test_what_names_no_mail_server_stops_the_start(monkeypatch, tmp_path, url):
    monkeypatch.setenv("QUORATE_MAIL_URL", url)
    with pytest.raises(ImproperlyConfigured):
        environment.mail("QUORATE_MAIL_URL", tmp_path)


def test_networks_for_webhooks_are_read_strictly(monkeypatch):
    monkeypatch.setenv("QUORATE_WEBHOOK_NETWORKS", "10.1.0.0/16,fd00::/8")
    found = environment.networks("QUORATE_WEBHOOK_NETWORKS")
    assert [str(one) for one in found] == ["10.1.0.0/16", "fd00::/8"]
    for wrong in ("10.1.0.1/16", "everything", "10.0.0.0/8;fd00::/8"):
        monkeypatch.setenv("QUORATE_WEBHOOK_NETWORKS", wrong)
        with pytest.raises(ImproperlyConfigured):
            environment.networks("QUORATE_WEBHOOK_NETWORKS")
    monkeypatch.delenv("QUORATE_WEBHOOK_NETWORKS")
    assert environment.networks("QUORATE_WEBHOOK_NETWORKS") == []


def test_a_list_of_token_models_needs_its_root(settings, tmp_path):
    settings.METADATA_BLOB = None
    settings.METADATA_ROOT = tmp_path / "root.pem"
    assert ids() == {"E014"}


def test_a_list_that_was_not_loaded_or_is_overdue_is_warned_about(settings, tmp_path, monkeypatch):
    settings.METADATA_BLOB, settings.METADATA_ROOT = tmp_path / "blob.jwt", tmp_path / "root.pem"
    assert [one.id for one in check_models()] == ["quorate.W001"]
    load_models()
    assert list(check_models()) == []
    later = clock.now() + timedelta(days=31)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert [one.id for one in check_models()] == ["quorate.W001"]


@pytest.fixture
def northgate_has_charter():
    """Northgate with a charter: of a demonstration or not, and in what state."""

    def make(*, demo, state=CharterState.IN_FORCE):
        members = [replace(member, simulated=demo) for member in PROVIDER_PEOPLE]
        charter = make_charter(AuthorityKind.PROVIDER, NORTHGATE, members, now=int(time.time()), demo=demo)
        return CharterVersion.objects.create(
            kind="provider",
            authority=NORTHGATE.id,
            name=NORTHGATE.name,
            organisation=Organisation.objects.create(id=NORTHGATE.id, kind="provider", name=NORTHGATE.name),
            version=1,
            raw=charter.raw,
            hash=charter.sha256,
            state=state,
            valid_from=datetime.fromtimestamp(charter.valid_from, UTC),
            valid_until=datetime.fromtimestamp(charter.valid_until, UTC),
        )

    return make


def test_production_charters_are_at_home_in_production(northgate_has_charter):
    northgate_has_charter(demo=False)
    assert ids() == set()


def test_a_demonstration_with_production_charters_is_refused(settings, northgate_has_charter):
    settings.DEMO = True
    northgate_has_charter(demo=False)
    assert ids() == {"E010"}


def test_production_with_charters_of_a_demonstration_is_refused(northgate_has_charter):
    northgate_has_charter(demo=True)
    assert ids() == {"E011"}


def test_a_discarded_charter_says_nothing(northgate_has_charter):
    northgate_has_charter(demo=True, state=CharterState.DISCARDED)
    assert ids() == set()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has neither hosts nor roles")
class TestPostgresql:
    def test_a_distant_database_must_prove_who_it_is(self, monkeypatch):
        monkeypatch.setitem(connection.settings_dict, "OPTIONS", {"host": "database.example"})
        assert ids() == {"E007"}

    def test_a_superuser_is_refused(self, postgres_server):
        with postgres_server.connect() as administration:
            administration.execute("ALTER ROLE console SUPERUSER")
            try:
                assert ids() == {"E009"}
            finally:
                administration.execute("ALTER ROLE console NOSUPERUSER")
