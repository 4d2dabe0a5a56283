"""Protection in the database itself: triggers that refuse to change or delete log entries and statements.

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

STATEMENTS = ("tenants_statement", "tenants_signedstatement")
PROTECT_STATEMENTS = {
    "sqlite": [
        f"""
        CREATE TRIGGER {table}_{what.lower()} BEFORE {what} ON {table}
        BEGIN SELECT RAISE(ABORT, 'statements are append-only'); END
        """
        for table in STATEMENTS
        for what in ("UPDATE", "DELETE")
    ],
    "postgresql": [
        """
        CREATE FUNCTION tenants_statement_refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'statements are append-only'; END $$
        """,
        *(
            f"""
            CREATE TRIGGER {table}_keep BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION tenants_statement_refuse()
            """
            for table in STATEMENTS
        ),
    ],
}
UNPROTECT_STATEMENTS = {
    "sqlite": [f"DROP TRIGGER {table}_{what}" for table in STATEMENTS for what in ("update", "delete")],
    "postgresql": [
        *(f"DROP TRIGGER {table}_keep ON {table}" for table in STATEMENTS),
        "DROP FUNCTION tenants_statement_refuse()",
    ],
}


def protect(_apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    """Put the triggers of the log in place."""
    for statement in PROTECT[editor.connection.vendor]:
        editor.execute(statement, params=None)


def unprotect(_apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    """Take them away: to migrate backwards, and for tests that empty their database."""
    for statement in UNPROTECT[editor.connection.vendor]:
        editor.execute(statement, params=None)


def protect_statements(_apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    """Put the triggers of statements in place."""
    for statement in PROTECT_STATEMENTS[editor.connection.vendor]:
        editor.execute(statement, params=None)


def unprotect_statements(_apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    """Take them away, likewise."""
    for statement in UNPROTECT_STATEMENTS[editor.connection.vendor]:
        editor.execute(statement, params=None)
