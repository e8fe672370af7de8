from tenants.commands.closed_command import ClosedCommand


class Command(ClosedCommand):
    instead = "it would leave out every tenant's rows. Back the whole database up with `pg_dump`."
