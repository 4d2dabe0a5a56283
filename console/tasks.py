"""The tasks of the console's worker that keep the house in order."""

from celery import shared_task
from django.core.management import call_command

from console import sessions
from console.desk_backend import tickets
from hsmnodes.node.agent.carrier_task import CarrierTask
from tenants import programs, workflow

HOUSEKEEPING = "quorate.console.housekeeping"


@shared_task(name=HOUSEKEEPING, base=CarrierTask)
def housekeeping() -> None:
    """Close what has expired, and forget what is of no use any more."""
    workflow.expire_due()
    programs.forget_old_nonces()
    tickets.forget_old()
    sessions.forget_old_records()
    call_command("clearsessions")
