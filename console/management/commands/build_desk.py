"""`manage.py build_desk`: build the desk for this console, and print its digest."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from console.desk.build import Desk, build
from console.desk.simulator import read_simulator
from tenants import deployment


class Command(BaseCommand):
    help = "Builds the desk for this console into a folder, and prints its digest."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--out", type=Path, required=True, help="the folder to write")

    def handle(self, *_args: Any, out: Path, **_options: Any) -> None:
        try:
            simulator = read_simulator(settings.STATE_DIR / "simulator.json") if settings.DEMO else None
            desk = Desk(settings.CONSOLE_ORIGIN, settings.DESK_ORIGIN, deployment.current().id, simulator)
            self.stdout.write(build(desk, out))
        except ValueError as problem:
            raise CommandError(str(problem)) from None
