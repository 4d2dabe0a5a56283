"""A worker does what this project's tasks are for, and nothing that Celery itself would do for a message."""

from hsmnodes.node.agent.app import make_worker_app
from hsmnodes.node.agent.carrier_task import CarrierTask


def test_a_node_knows_one_task_alone(make_site, tmp_path):
    """`celery.chord_unlock` in its queue would have it send itself that same message without end.

    The console's tasks are not on a node; Celery shares them where both are in one process, as in tests.
    """
    site = make_site(broker=f"sqla+sqlite:///{tmp_path}/broker.sqlite3")
    app, _ = make_worker_app(site.config, site.node)
    app.finalize()
    own = [name for name in app.tasks if not name.startswith(("quorate.console.", "quorate.post."))]
    assert own == ["quorate.node.deliver"]


def test_the_console_knows_its_own_tasks_alone_and_no_message_makes_them_call_others():
    """A node may write to the console's queue, so what it asks for besides must come to nothing."""
    from console.celery import app

    app.finalize()
    tasks = {name: task for name, task in app.tasks.items() if not name.startswith("tests.")}
    assert all(name.startswith("quorate.") for name in tasks)
    assert all(isinstance(task, CarrierTask) for task in tasks.values())
    assert "quorate.console.receive" in tasks
