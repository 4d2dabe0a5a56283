"""The app of the machines."""

from django.apps import AppConfig


class HsmnodesConfig(AppConfig):
    """Data centres, nodes, slots, keys; the outbox and what comes back from nodes."""

    name = "hsmnodes"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let the workflow ask what nodes would refuse, and hand over what is authorised."""
        from hsmnodes import dispatch, foresight

        dispatch.register()
        foresight.register()
