"""What the console's Celery workers share: Django, set up before anything, and good database connections."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")
django.setup()

from celery.signals import task_postrun, task_prerun, worker_init  # noqa: E402 - Django comes first
from django.db import close_old_connections, connections  # noqa: E402

from hsmnodes.node.agent.memory import keep_what_is_loaded  # noqa: E402


@worker_init.connect
def _begin(**_: object) -> None:
    """Leave the pool's process no connection that it would share with this one, and all that is loaded."""
    connections.close_all()
    keep_what_is_loaded()


@task_prerun.connect
@task_postrun.connect
def _keep_good_connections(**_: object) -> None:
    """Treat database connections as around a request: keep them while they are good and not too old."""
    close_old_connections()
