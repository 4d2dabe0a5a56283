"""The app of the people."""

from django.apps import AppConfig


class TenantsConfig(AppConfig):
    """Organisations, people, tokens, charters, proposals, the log."""

    name = "tenants"
    default_auto_field = "django.db.models.BigAutoField"
