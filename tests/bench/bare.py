"""What dispatch is held against: two Celery workers like node and console, whose tasks do nothing.

The first sends each message back; the second notes it in the console's database, as a receipt is noted.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")
django.setup()

from django.conf import settings  # noqa: E402 - Django has to be set up before the database is used
from django.db import connection, transaction  # noqa: E402

from hsmnodes.node.agent import broker  # noqa: E402

THERE, BACK = "bench.there", "bench.back"

there = broker.make_app(THERE, broker=settings.BROKER_URL, consumes=THERE, may_declare=True)
back = broker.make_app(BACK, broker=settings.BROKER_URL, consumes=BACK, may_declare=True)


@there.task(name=THERE)
def return_it(text: str) -> None:
    """Send the message back."""
    broker.send(there, BACK, text, to=BACK)


@back.task(name=BACK)
def note(text: str) -> None:
    """Note the message in a row."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("INSERT INTO bench_notes VALUES (%s)", [text])


def prepare() -> None:
    """Make the queues, and the table of the notes."""
    broker.declare_queues(there, [THERE, BACK])
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bench_notes (text varchar(32) PRIMARY KEY)")


def send(text: str) -> None:
    """Begin a round trip."""
    broker.send(there, THERE, text, to=THERE)


def workers() -> Sequence[Sequence[str]]:
    """The commands of the two: the first like a node's agent, the second like the console's worker."""
    program = str(Path(sys.executable).with_name("celery"))
    common = ("--concurrency", "1", "--without-gossip", "--without-mingle", "--loglevel", "warning")
    return (
        [program, "--app", f"{__name__}:there", "worker", "--queues", THERE, "--pool", "solo", *common],
        [program, "--app", f"{__name__}:back", "worker", "--queues", BACK, *common],
    )
