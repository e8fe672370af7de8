"""The rows that migrations leave in a tenant's schema, as statements that put them into another.

The gateway's own migrations insert none. Those of other apps may: a first page, groups, permissions.
"""

from tenants.binding import connection

# Written by the replay itself.
EXCLUDED_TABLES = ["django_migrations", "stamp_stamp"]

SELECT_TABLES = """
    SELECT table_name, string_agg(format('%%I', column_name), ', ' ORDER BY ordinal_position)
    FROM information_schema.tables JOIN information_schema.columns USING (table_schema, table_name)
    WHERE table_schema = %s AND table_type = 'BASE TABLE' AND is_generated = 'NEVER' AND NOT table_name = ANY(%s)
    GROUP BY table_name ORDER BY table_name
"""
SELECT_SEQUENCES = """
    SELECT sequencename, last_value FROM pg_sequences
    WHERE schemaname = %s AND last_value IS NOT NULL AND sequencename <> 'django_migrations_id_seq'
    ORDER BY sequencename
"""
COUNT_SHARED_WRITES = """
    SELECT relname, n_tup_ins, n_tup_upd, n_tup_del FROM pg_stat_xact_user_tables WHERE schemaname = 'public'
"""


def dump_rows(schema_name: str) -> list[str]:
    """Return statements that insert what the schema's tables hold, and set its sequences; none for empty tables.

    They name no schema: they fill whichever stands first in the search path. One query, and one for each table.
    """
    with connection.cursor() as cursor:
        cursor.execute(SELECT_TABLES, [schema_name, EXCLUDED_TABLES])
        found = [_build_insert(schema_name, *table) for table in cursor.fetchall()]
        cursor.execute(SELECT_SEQUENCES, [schema_name])
        moved = [
            _compose_sql("SELECT setval(%s, %s)", f'"{name}"', last)
            for name, last in cursor.fetchall()
        ]
    statements = [statement for statement in (*found, *moved) if statement]
    # Django leaves some foreign keys to be checked at once, and rows come in any order.
    return ["SET CONSTRAINTS ALL DEFERRED", *statements] if statements else []


def _build_insert(schema_name: str, table: str, columns: str) -> str:
    """Return the statement that inserts a table's rows; empty when it has none."""
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT json_agg(one)::text FROM "{schema_name}"."{table}" AS one')  # noqa: S608 - names from the database
        ((rows,),) = cursor.fetchall()
    if rows is None:
        return ""
    # Literal columns: one that the database computes cannot be given.
    insert = f'INSERT INTO "{table}" ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} '.replace(
        "%", "%%"
    )
    return _compose_sql(f'{insert} FROM json_populate_recordset(NULL::"{table}", %s)', rows)


def _compose_sql(statement: str, *given: object) -> str:
    return str(connection.ops.compose_sql(statement, given))


def count_shared_writes() -> set[tuple[str, int, int, int]]:
    """Return what this transaction has written into shared tables so far, counted by table."""
    with connection.cursor() as cursor:
        cursor.execute(COUNT_SHARED_WRITES)
        return set(cursor.fetchall())
