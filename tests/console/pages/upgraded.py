"""Brings the database of the console's folder of state forward, as a start does, and walks through its pages.

A process of its own; it says as JSON how many rows each table had before and has now, whether the log holds,
and what its people were answered at every address that a page leads to.
"""

import json
import sys
from typing import Any
from urllib.parse import urlsplit

import django
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import Client


def rows() -> dict[str, int]:
    """How many rows each table has."""
    with connection.cursor() as cursor:
        found = {}
        for name in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT count(*) FROM "{name}"')
            found[name] = cursor.fetchone()[0]
    return found


def main() -> None:
    """Report on the database that QUORATE_STATE_DIR holds."""
    django.setup()
    from tenants import charters, log
    from tenants.models import CharterVersion, Person
    from tests.console.pages.walking import walk
    from tests.world.signing_in import sign_in

    report: dict[str, Any] = {"before": rows()}
    call_command("migrate", verbosity=0)
    report["after"] = rows()
    report["flaws"] = [str(flaw) for flaw in log.verify()]
    report["charters"] = [charters.document_of(one).version for one in CharterVersion.objects.all()]
    host = urlsplit(settings.CONSOLE_ORIGIN).netloc
    people = Person.objects.filter(name__in=["Cleo", "Dina", "Gus"])
    report["pages"] = {one.name: walk(sign_in(Client(headers={"host": host}), one)) for one in people}
    json.dump(report, sys.stdout)


if __name__ == "__main__":
    main()
