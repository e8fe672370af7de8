"""Which database this is: a copy of it, or one that was restored from a dump, is another."""

from django.db import ProgrammingError, connection

from tenants.errors import DatabaseNotIdentified

# pg_control_system() is for every role, unless somebody revoked it: PostgreSQL grants functions to PUBLIC.
STATEMENT = """
SELECT control.system_identifier || '/' || database.oid
FROM pg_control_system() AS control, pg_database AS database WHERE database.datname = current_database()
"""
INSUFFICIENT_PRIVILEGE = "42501"


def find_database_id() -> str:
    """Return PostgreSQL's identifier of the cluster and, after a slash, the number of the database in it. One query.

    A dump that is restored, and a database made from a template, have another one. A copy of the whole cluster, such as
    a snapshot or a standby, has the same. Raises DatabaseNotIdentified.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute(STATEMENT)
            return str(cursor.fetchone()[0])
    except ProgrammingError as error:
        if getattr(error.__cause__, "sqlstate", None) != INSUFFICIENT_PRIVILEGE:
            raise
        raise DatabaseNotIdentified(
            f"{str(error).strip()}. As a superuser of PostgreSQL, in this database: "
            "GRANT EXECUTE ON FUNCTION pg_control_system() TO PUBLIC"
        ) from error
