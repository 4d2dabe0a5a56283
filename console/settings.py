"""The settings of the console: one file, chosen by environment variables that are read strictly.

Without any, it runs embedded: SQLite and a broker in SQLite, in the folder QUORATE_STATE_DIR (var/).
In production QUORATE_DATABASE_URL and QUORATE_BROKER_URL name PostgreSQL and RabbitMQ. `manage.py check
--deploy` refuses unsafe mixtures (console/checks.py).
"""

from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import structlog
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from console import environment

BASE_DIR = Path(__file__).resolve().parent.parent
STATE_DIR = Path(environment.text("QUORATE_STATE_DIR", str(BASE_DIR / "var"))).resolve()
STATE_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)

# ------------------------------------------------------------------ what this deployment is

DEMO = environment.flag("QUORATE_DEMO")
DEBUG = environment.flag("QUORATE_DEBUG")
SECRET_KEY = environment.secret_key("QUORATE_SECRET_KEY", STATE_DIR)
CONSOLE_ORIGIN = environment.origin("QUORATE_CONSOLE_ORIGIN", "http://127.0.0.1:8000")
DESK_ORIGIN = environment.origin("QUORATE_DESK_ORIGIN", "http://localhost:8001")
DESK_RP_ID = urlsplit(DESK_ORIGIN).hostname
HTTPS = CONSOLE_ORIGIN.startswith("https://")
ALLOWED_HOSTS = [urlsplit(CONSOLE_ORIGIN).hostname, *environment.names("QUORATE_ALLOWED_HOSTS")]

# Certificates that say which makes of tokens are genuine; without them no token's make counts as proved.
ATTESTATION_ROOTS = environment.folder("QUORATE_ATTESTATION_ROOTS")

# The list of token models (FIDO MDS3) for `manage.py token_models`, its trust root, and who signs it.
METADATA_BLOB = environment.path("QUORATE_METADATA_BLOB")
METADATA_ROOT = environment.path("QUORATE_METADATA_ROOT")
METADATA_SIGNER = environment.text("QUORATE_METADATA_SIGNER", "mds.fidoalliance.org")

# ------------------------------------------------------------------ how long things live (seconds)

SESSION_SECONDS = environment.number("QUORATE_SESSION_SECONDS", 8 * 3600)
SESSION_IDLE_SECONDS = environment.number("QUORATE_SESSION_IDLE_SECONDS", 1800)
REAUTHENTICATION_SECONDS = environment.number("QUORATE_REAUTHENTICATION_SECONDS", 600)
DESK_TICKET_SECONDS = environment.number("QUORATE_DESK_TICKET_SECONDS", 600)
INVITATION_SECONDS = environment.number("QUORATE_INVITATION_SECONDS", 7 * 86400)
PROPOSAL_SECONDS = environment.number("QUORATE_PROPOSAL_SECONDS", 3 * 86400)
DRILL_DAYS = environment.number("QUORATE_DRILL_DAYS", 180)
NODE_LATE_SECONDS = environment.number("QUORATE_NODE_LATE_SECONDS", 15)
NODE_OFFLINE_SECONDS = environment.number("QUORATE_NODE_OFFLINE_SECONDS", 60)
OUTBOX_RETRY_SECONDS = environment.number("QUORATE_OUTBOX_RETRY_SECONDS", 10)
SWEEP_SECONDS = environment.number("QUORATE_SWEEP_SECONDS", 5)

NODE_ALARM_SECONDS = environment.number("QUORATE_NODE_ALARM_SECONDS", 300)
CLOCK_SECONDS = environment.number("QUORATE_CLOCK_SECONDS", 60)
DISK_PERCENT = environment.number("QUORATE_DISK_PERCENT", 10, most=99)
HISTORY_SECONDS = environment.number("QUORATE_HISTORY_SECONDS", 600)
POST_SECONDS = environment.number("QUORATE_POST_SECONDS", 3)
WATCH_SECONDS = environment.number("QUORATE_WATCH_SECONDS", 60)
NOTICE_DAYS = environment.number("QUORATE_NOTICE_DAYS", 180)

# Who asks for /metrics shows this; without it nobody is answered.
METRICS_TOKEN = environment.secret("QUORATE_METRICS_TOKEN")

# ------------------------------------------------------------------ telling people

# Without the address of a mail server each e-mail is a file in the state folder.
_mail = environment.mail("QUORATE_MAIL_URL", STATE_DIR)
EMAIL_BACKEND, EMAIL_FILE_PATH, EMAIL_TIMEOUT = _mail.backend, _mail.folder, 20
EMAIL_HOST, EMAIL_PORT = _mail.host, _mail.port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail.user, _mail.password
EMAIL_USE_TLS, EMAIL_USE_SSL = _mail.starttls, _mail.tls
DEFAULT_FROM_EMAIL = environment.text(
    "QUORATE_MAIL_FROM", f"Quorate <quorate@{urlsplit(CONSOLE_ORIGIN).hostname}>"
)
DIGEST_HOUR = environment.number("QUORATE_DIGEST_HOUR", 6, most=23)  # UTC
# Networks that webhooks may reach although they are not public.
WEBHOOK_NETWORKS = environment.networks("QUORATE_WEBHOOK_NETWORKS")

# ------------------------------------------------------------------ database and broker

DATABASES = {"default": environment.database("QUORATE_DATABASE_URL", STATE_DIR)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
BROKER_URL = environment.text("QUORATE_BROKER_URL", f"sqla+sqlite:///{STATE_DIR}/broker.sqlite3")

# ------------------------------------------------------------------ applications

INSTALLED_APPS = [
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "django_htmx",
    "django_structlog",
    "csp",
    "console",
    "hsmnodes",
    "tenants",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "console.sessions.PersonMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "console.errors.DomainErrorMiddleware",
]
ROOT_URLCONF = "console.urls"
WSGI_APPLICATION = "console.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.csrf",
                "django.contrib.messages.context_processors.messages",
                "console.context.console",
            ],
        },
    }
]

# ------------------------------------------------------------------ sessions, cookies, headers

SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_SERIALIZER = "django.contrib.sessions.serializers.JSONSerializer"
SESSION_COOKIE_NAME = "__Host-quorate" if HTTPS else "quorate"
SESSION_COOKIE_AGE = SESSION_SECONDS
SESSION_COOKIE_HTTPONLY = True
# The desk returns by a navigation from its own origin, which Strict would arrive at signed out.
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_NAME = "__Host-quorate-csrf" if HTTPS else "quorate-csrf"
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_TRUSTED_ORIGINS = [CONSOLE_ORIGIN]
CSRF_FAILURE_VIEW = "console.errors.csrf_failure"
SECURE_SSL_REDIRECT = HTTPS
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if environment.flag("QUORATE_BEHIND_PROXY") else None
)
SECURE_HSTS_SECONDS = 63_072_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "base-uri": [NONE],
        "connect-src": [SELF],
        "font-src": [SELF],
        # A form that leads to the desk answers with a redirect there, which browsers hold to form-action too.
        "form-action": [SELF, DESK_ORIGIN],
        "frame-ancestors": [NONE],
        "img-src": [SELF, "data:"],
        "manifest-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "worker-src": [SELF],
    },
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_000_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
SILENCED_SYSTEM_CHECKS: list[str] = []

# ------------------------------------------------------------------ language, time, files

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = STATE_DIR / "static"
STATIC_ROOT.mkdir(exist_ok=True)
WHITENOISE_USE_FINDERS = True
# Backups of zones: files in the state directory, or a bucket of an S3-compatible store, for which
# `django-storages[s3]` has to be installed. Nobody can read them who has not the zone's backup key.
BACKUP_BUCKET = environment.text("QUORATE_BACKUP_BUCKET", "")
if BACKUP_BUCKET and find_spec("storages") is None:
    raise ImproperlyConfigured("QUORATE_BACKUP_BUCKET needs django-storages[s3], which is not installed.")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},  # nothing is stored there
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "backups": {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": BACKUP_BUCKET,
            "endpoint_url": environment.text("QUORATE_BACKUP_ENDPOINT", "") or None,
            "default_acl": None,
            "querystring_auth": False,
        },
    }
    if BACKUP_BUCKET
    else {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": STATE_DIR / "backups",
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    },
}

# ------------------------------------------------------------------ REST

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "console.api.authentication.ProgramAuthentication",
        "console.api.authentication.SessionPersonAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "console.errors.api_exception_handler",
    "UNAUTHENTICATED_USER": None,
    "UNAUTHENTICATED_TOKEN": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Quorate",
    "DESCRIPTION": "The console of an HSM service with separation of duties: read, and propose operations.",
    "VERSION": "1",
    # Closed lists of values stand where they are used, without names of their own.
    "POSTPROCESSING_HOOKS": [],
}

# ------------------------------------------------------------------ logs

DJANGO_STRUCTLOG_CELERY_ENABLED = True
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.filter_by_level,
        structlog.processors.TimeStamper(fmt="iso"),
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.format_exc_info,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": structlog.stdlib.ProcessorFormatter,
            "foreign_pre_chain": [
                structlog.processors.TimeStamper(fmt="iso"),
                structlog.stdlib.add_logger_name,
                structlog.stdlib.add_log_level,
                structlog.processors.format_exc_info,
            ],
            "processor": structlog.processors.KeyValueRenderer(
                key_order=["timestamp", "level", "logger", "event"]
            ),
        },
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": environment.text("QUORATE_LOG_LEVEL", "INFO")},
    "loggers": {
        "django.server": {"handlers": ["console"], "level": "WARNING", "propagate": False},
        # The refusal itself is logged (console/errors.py); a traceback says nothing more.
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        # One line a poll of every open page says nothing.
        "django_structlog": {"level": "WARNING"},
        # Nor does every step of drawing a page of print.
        "weasyprint": {"level": "ERROR"},
        "fontTools": {"level": "ERROR"},
    },
}
