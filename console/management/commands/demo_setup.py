"""`manage.py demo_setup`: the sample deployment, made once and left alone from then on."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from console.demo.nodes import set_up_nodes
from console.demo.people import set_up_people, simulator_file
from console.desk.simulator import read_simulator
from tenants import deployment


class Command(BaseCommand):
    help = "Makes the sample organisations, people with simulated tokens, and nodes, in a demo."

    def handle(self, *_args: Any, **_options: Any) -> None:
        if not settings.DEMO or not deployment.current().demo:
            raise CommandError("This deployment is not a demo. Nothing was made.")
        set_up_people()
        set_up_nodes(read_simulator(simulator_file()))
        self.stdout.write("The sample deployment is there.")
