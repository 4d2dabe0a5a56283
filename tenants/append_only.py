"""The log's protection in the database itself: triggers that refuse to change or delete an entry.

They hold whatever the console's code does. On PostgreSQL the console's role must not be a superuser
(`manage.py check --deploy`).
"""

from django.db.backends.base.schema import BaseDatabaseSchemaEditor

TABLE = "tenants_logentry"
MESSAGE = "the log is append-only"

PROTECT = {
    "sqlite": [
        f"CREATE TRIGGER {TABLE}_{verb.lower()} BEFORE {verb} ON {TABLE} "
        f"BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
        for verb in ("UPDATE", "DELETE")
    ]
    # INSERT OR REPLACE would delete without firing the trigger above.
    + [
        f"CREATE TRIGGER {TABLE}_insert BEFORE INSERT ON {TABLE} "
        f"WHEN NEW.sequence <> (SELECT COALESCE(MAX(sequence), 0) + 1 FROM {TABLE}) "
        f"OR EXISTS (SELECT 1 FROM {TABLE} WHERE hash = NEW.hash) "
        f"BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
    ],
    "postgresql": [
        f"CREATE FUNCTION {TABLE}_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{MESSAGE}'; END $$",
        f"CREATE TRIGGER {TABLE}_keep BEFORE UPDATE OR DELETE OR TRUNCATE ON {TABLE} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {TABLE}_refuse()",
    ],
}
UNPROTECT = {
    "sqlite": [f"DROP TRIGGER {TABLE}_{verb}" for verb in ("update", "delete", "insert")],
    "postgresql": [f"DROP TRIGGER {TABLE}_keep ON {TABLE}", f"DROP FUNCTION {TABLE}_refuse()"],
}


def protect(_apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    """Put the triggers in place."""
    for statement in PROTECT[editor.connection.vendor]:
        editor.execute(statement, params=None)


def unprotect(_apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    """Take them away: to migrate backwards, and for tests that empty their database."""
    for statement in UNPROTECT[editor.connection.vendor]:
        editor.execute(statement, params=None)
