"""`manage.py prepare`: what a start of this deployment prepares, in one process, as each costs seconds."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser


class Command(BaseCommand):
    help = "Migrates the database, makes the sample deployment of a demo, builds the desk. May be repeated."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--desk", type=Path, required=True, help="the folder to build the desk into")

    def handle(self, *_args: Any, desk: Path, **_options: Any) -> None:
        self.step("Bringing the database up to date", "migrate", interactive=False, verbosity=0)
        if settings.DEMO:
            self.step("Setting up the sample organisations and nodes", "demo_setup")
        self.step("Building the desk", "build_desk", out=desk)

    def step(self, title: str, command: str, **options: Any) -> None:
        """Say what is being done, and do it; what the command prints goes to where errors go, the log."""
        self.stdout.write(f"{title} …")
        self.stdout.flush()
        call_command(command, stdout=self.stderr, **options)
