"""The app of the people."""

from django.apps import AppConfig


class TenantsConfig(AppConfig):
    """Organisations, people, tokens, charters, proposals, the log."""

    name = "tenants"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have people told of what the log records."""
        from tenants.notices import of_the_log

        of_the_log.register()
