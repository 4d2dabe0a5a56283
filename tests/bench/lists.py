"""Whether the proposals pages stay as fast when there are a thousand times as many proposals.

Runs in a process of its own, since Django takes its database from the environment when it starts.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from time import process_time
from unittest.mock import patch

from tests.bench.figures import Figure, at_most

SMALL, LARGE = 100, 100_000
ROUNDS = 40


def measure() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="quorate-bench-") as folder:
        environment = {
            **os.environ,
            "QUORATE_STATE_DIR": folder,
            "DJANGO_SETTINGS_MODULE": "console.settings",
        }
        environment["QUORATE_DEMO"] = "1"
        output = subprocess.run(
            [sys.executable, "-m", "tests.bench.lists"], env=environment, check=True, stdout=subprocess.PIPE
        ).stdout
    seconds = json.loads(output)
    for page in seconds["small"]:
        yield at_most(
            f"{page}: at {LARGE:,} proposals, against at {SMALL:,}",
            "ms",
            seconds["large"][page] * 1000,
            seconds["small"][page] * 1000,
            1.3,
        )


def _main() -> None:
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    call_command("migrate", verbosity=0)
    from tests.cast.people import EMIL
    from tests.world.world import World

    with patch("hsmnodes.carrier.send_to_node"):
        world = World()
        node = world.node()
        proposal = world.propose_key(world.ready_zone(node), node)
    found = {}
    for name, count in (("small", SMALL), ("large", LARGE)):
        _fill_up(proposal, count)
        found[name] = _pages(world.person(EMIL), proposal)
    json.dump(found, sys.stdout)


def _fill_up(proposal, count: int) -> None:
    """Copies of a proposal, other ids and ages, until there are `count`."""
    from datetime import timedelta

    from tenants.identifiers import new_id
    from tenants.models import Proposal, State

    fields = {
        field.attname: getattr(proposal, field.attname)
        for field in Proposal._meta.concrete_fields
        if field.attname not in {"id", "hash", "state", "created_at"}
    }
    have = Proposal.objects.count()
    rows = (
        Proposal(
            **fields,
            id=new_id(),
            hash=new_id() + new_id(),
            state=State.REJECTED,
            created_at=proposal.created_at - timedelta(seconds=number),
        )
        for number in range(have, count)
    )
    Proposal.objects.bulk_create(rows, batch_size=500)


def _pages(person, proposal) -> dict[str, float]:
    """The median seconds of each page, of the processor: SQLite works in this process too."""
    from django.test import Client

    from tests.world.signing_in import sign_in

    client = sign_in(Client(SERVER_NAME="127.0.0.1"), person)
    pages = {
        "proposals, all": "/proposals?view=all",
        "proposals waiting for me": "/proposals",
        "a proposal": f"/proposals/{proposal.pk}",
    }
    seconds = {name: _seconds(client, path) for name, path in pages.items()}
    with _saved_views(person):
        seconds["proposals, all, below saved views"] = _seconds(client, "/proposals?view=all")
    return seconds


@contextmanager
def _saved_views(person) -> Iterator[None]:
    """Views that count what nearly all proposals are, and what hardly any is."""
    from django.http import QueryDict

    from console.saved_views import LISTINGS, delete_view, save_view

    asked = {
        "Rejected": "view=all&state=rejected",
        "Open": "view=all&state=open",
        "Done": "view=all&state=done",
    }
    views = [
        save_view(person=person, listing=LISTINGS["proposals"], name=name, asked=QueryDict(query))
        for name, query in asked.items()
    ]
    yield
    for view in views:
        delete_view(view=view)


def _seconds(client, path: str) -> float:
    taken = []
    for _ in range(ROUNDS):
        start = process_time()
        status = client.get(path).status_code
        taken.append(process_time() - start)
        if status != 200:
            raise AssertionError(f"{path} answered {status}")
    return median(taken)


if __name__ == "__main__":
    _main()
