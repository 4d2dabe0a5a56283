"""The app of what people and programs see."""

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    """Pages, API and desk backend."""

    name = "console"

    def ready(self) -> None:
        """Register the system checks."""
        from console import checks  # noqa: F401 - registers by being imported
