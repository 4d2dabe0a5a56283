"""The console's Celery app: its worker takes what nodes send, and sweeps the outbox."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")
django.setup()

from django.conf import settings  # noqa: E402 - Django has to be set up before anything is imported

from console.tasks import HOUSEKEEPING  # noqa: E402
from hsmnodes import carrier  # noqa: E402
from hsmnodes.node.agent.carrying import without_celerys_own_tasks  # noqa: E402
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
