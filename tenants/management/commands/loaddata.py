from tenants.commands.closed_command import ClosedCommand


class Command(ClosedCommand):
    instead = (
        "it would write rows past the rules of tenants. Restore a whole database with `pg_restore`."
    )
