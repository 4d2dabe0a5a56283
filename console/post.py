"""The Celery app of the process that sends what leaves the console: e-mail, and messages to webhooks.

It has a queue of its own, so that a slow receiver keeps nobody's receipt waiting.
"""

from console import worker  # noqa: F401, I001 - sets Django up, before anything that needs it is imported

from django.conf import settings

from console.tasks import POST
from hsmnodes.node.agent import broker
from hsmnodes.node.agent.carrier_task import without_celerys_own_tasks

QUEUE = "post"

app = without_celerys_own_tasks(
    broker.make_app("quorate.post", broker=settings.BROKER_URL, consumes=QUEUE, may_declare=True)
)
app.conf.beat_schedule = {
    "post": {
        "task": POST,
        "schedule": settings.POST_SECONDS,
        "options": {"expires": settings.POST_SECONDS},
    }
}
