"""The console's Celery app: its worker takes what nodes send, sweeps the outbox, and tells people."""

from console import worker  # noqa: F401, I001 - sets Django up, before anything that needs it is imported

from django.conf import settings

from console.tasks import HISTORY, HOUSEKEEPING, TELL, WATCH
from hsmnodes import carrier
from hsmnodes.node.agent.carrier_task import without_celerys_own_tasks
from hsmnodes.tasks import SWEEP


def every(seconds: int, task: str) -> dict[str, object]:
    """A task that is due so often; one that was not run in time is left out."""
    return {"task": task, "schedule": seconds, "options": {"expires": seconds}}


app = without_celerys_own_tasks(carrier.app())
app.conf.beat_schedule = {
    "sweep": every(settings.SWEEP_SECONDS, SWEEP),
    "tell": every(settings.SWEEP_SECONDS, TELL),
    "housekeeping": every(30, HOUSEKEEPING),
    "watch": every(settings.WATCH_SECONDS, WATCH),
    "history": every(settings.HISTORY_SECONDS, HISTORY),
}
