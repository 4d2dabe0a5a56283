"""The console's Celery app: its worker takes what nodes send, and sweeps the outbox."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")
django.setup()

from celery.signals import task_postrun, task_prerun, worker_init  # noqa: E402 - Django comes first
from django.conf import settings  # noqa: E402 - Django has to be set up before anything is imported
from django.db import close_old_connections, connections  # noqa: E402

from console.tasks import HOUSEKEEPING  # noqa: E402
from hsmnodes import carrier  # noqa: E402
from hsmnodes.node.agent.carrier_task import without_celerys_own_tasks  # noqa: E402
from hsmnodes.tasks import SWEEP  # noqa: E402

app = without_celerys_own_tasks(carrier.app())
app.conf.beat_schedule = {
    "sweep": {
        "task": SWEEP,
        "schedule": settings.SWEEP_SECONDS,
        "options": {"expires": settings.SWEEP_SECONDS},
    },
    "housekeeping": {"task": HOUSEKEEPING, "schedule": 30, "options": {"expires": 30}},
}


@worker_init.connect
def _begin_without_connections(**_: object) -> None:
    """Leave the pool's process no connection that it would share with this one."""
    connections.close_all()


@task_prerun.connect
@task_postrun.connect
def _keep_good_connections(**_: object) -> None:
    """Treat database connections as around a request: keep them while they are good and not too old."""
    close_old_connections()
