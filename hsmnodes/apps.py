"""The app of the machines."""

from django.apps import AppConfig


class HsmnodesConfig(AppConfig):
    """Data centres, nodes, slots, keys; the outbox and what comes back from nodes."""

    name = "hsmnodes"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let the workflow ask what nodes would refuse, and hand over what is authorised; who sees nodes."""
        from hsmnodes import access, dispatch, foresight
        from tenants.notices import subjects

        dispatch.register()
        foresight.register()
        subjects.when_about("node", access.visible_nodes)
