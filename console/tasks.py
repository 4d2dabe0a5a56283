"""The tasks of the console's worker that keep the house in order."""

from celery import shared_task
from django.conf import settings
from django.core.management import call_command

from console import mailing, sessions, watching
from console.desk_backend import tickets
from hsmnodes import history, outbox
from hsmnodes.node.agent.carrier_task import CarrierTask
from tenants import execution, programs, workflow
from tenants.notices import letters, reading, telling
from tenants.webhooks import deliveries

HOUSEKEEPING = "quorate.console.housekeeping"
TELL = "quorate.console.tell"
WATCH = "quorate.console.watch"
HISTORY = "quorate.console.history"
POST = "quorate.post.post"


@shared_task(name=HOUSEKEEPING, base=CarrierTask)
def housekeeping() -> None:
    """Close what has expired, have take effect what is due, and forget what is of no use any more."""
    workflow.expire_due()
    execution.take_effect_due()
    programs.forget_old_nonces()
    tickets.forget_old()
    sessions.forget_old_records()
    reading.forget_old(days=settings.NOTICE_DAYS)
    outbox.forget_settled()
    call_command("clearsessions")


@shared_task(name=TELL, base=CarrierTask)
def tell() -> None:
    """Tell people what has not been told yet, because a process died before it could."""
    telling.sweep()


@shared_task(name=WATCH, base=CarrierTask)
def watch() -> None:
    """Look for what people are to be told of although nobody did it."""
    watching.look()


@shared_task(name=HISTORY, base=CarrierTask)
def roll_up_history() -> None:
    """Make hours of the minutes that nodes were sampled by, and forget what is too old."""
    history.roll_up()


@shared_task(name=POST, base=CarrierTask)
def post() -> None:
    """Send what leaves the console: e-mails and messages to webhooks."""
    letters.gather_digests()
    mailing.send_due()
    deliveries.deliver_due()
