from tenants.commands.closed_command import ClosedCommand


class Command(ClosedCommand):
    instead = "a schema keeps its generated name for ever. Use `manage.py tenant rename` for the tenant's name."
