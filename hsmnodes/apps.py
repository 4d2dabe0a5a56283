"""The app of the machines."""

from django.apps import AppConfig


class HsmnodesConfig(AppConfig):
    """Data centres, nodes, slots, keys; the outbox and what comes back from nodes."""

    name = "hsmnodes"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let the workflow hand over what is authorised, in the same transaction."""
        from hsmnodes import dispatch

        dispatch.register()
