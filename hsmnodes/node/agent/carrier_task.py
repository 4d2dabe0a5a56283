"""What a Celery message may set off, on a node or on the console: the task it is for, and nothing more.

Whoever can put a message into a queue must not be able to have a worker send others by what Celery itself
offers: callbacks in a message's headers, or its own tasks, one of which (`chord_unlock`) repeats for ever.
"""

from typing import Any

from celery import Celery, Task


class CarrierTask(Task):  # type: ignore[type-arg] # generic for type checkers only
    """A task that does what it is for and then nothing more, whatever the message asks."""

    def before_start(self, _task_id: str, _args: Any, _kwargs: Any) -> None:
        """Take off everything that would make Celery go on by itself afterwards."""
        self.request.update(callbacks=None, errbacks=None, chain=None, chord=None, group=None, reply_to=None)


def without_celerys_own_tasks(app: Celery) -> Celery:
    """The app, which from now on knows no tasks but those of this project."""
    app.conf.result_expires = None  # else the scheduler would ask for one of them every night
    app.finalize(auto=True)
    for name in [name for name in app.tasks if name.startswith("celery.")]:
        app.tasks.unregister(name)
    return app
