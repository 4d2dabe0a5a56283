"""The log's protection in the database itself: triggers that refuse to change or delete an entry.

They hold whatever the console's code does. On PostgreSQL the console's role must not be a superuser
(`manage.py check --deploy`). The trigger on INSERT is there because INSERT OR REPLACE of SQLite deletes
without firing the trigger on DELETE.
"""

from django.db.backends.base.schema import BaseDatabaseSchemaEditor

PROTECT = {
    "sqlite": [
        """
        CREATE TRIGGER tenants_logentry_update BEFORE UPDATE ON tenants_logentry
        BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END
        """,
        """
        CREATE TRIGGER tenants_logentry_delete BEFORE DELETE ON tenants_logentry
        BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END
        """,
        """
        CREATE TRIGGER tenants_logentry_insert BEFORE INSERT ON tenants_logentry
        WHEN NEW.sequence <> (SELECT COALESCE(MAX(sequence), 0) + 1 FROM tenants_logentry)
        OR EXISTS (SELECT 1 FROM tenants_logentry WHERE hash = NEW.hash)
        BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END
        """,
    ],
    "postgresql": [
        """
        CREATE FUNCTION tenants_logentry_refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'the log is append-only'; END $$
        """,
        """
        CREATE TRIGGER tenants_logentry_keep BEFORE UPDATE OR DELETE OR TRUNCATE ON tenants_logentry
        FOR EACH STATEMENT EXECUTE FUNCTION tenants_logentry_refuse()
        """,
    ],
}
UNPROTECT = {
    "sqlite": [
        "DROP TRIGGER tenants_logentry_update",
        "DROP TRIGGER tenants_logentry_delete",
        "DROP TRIGGER tenants_logentry_insert",
    ],
    "postgresql": [
        "DROP TRIGGER tenants_logentry_keep ON tenants_logentry",
        "DROP FUNCTION tenants_logentry_refuse()",
    ],
}


def protect(_apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    """Put the triggers in place."""
    for statement in PROTECT[editor.connection.vendor]:
        editor.execute(statement, params=None)


def unprotect(_apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    """Take them away: to migrate backwards, and for tests that empty their database."""
    for statement in UNPROTECT[editor.connection.vendor]:
        editor.execute(statement, params=None)
