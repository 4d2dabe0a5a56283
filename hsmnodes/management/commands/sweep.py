"""`manage.py sweep`: hand over now what the outbox holds for nodes."""

from typing import Any

from django.core.management.base import BaseCommand

from hsmnodes import outbox


class Command(BaseCommand):
    help = (
        "Hands over to the broker everything in the outbox that is due, as the worker does every few seconds."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:
        self.stdout.write(f"{outbox.sweep()} message(s) handed over.")
