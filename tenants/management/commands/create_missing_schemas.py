from tenants.commands.closed_command import ClosedCommand


class Command(ClosedCommand):
    instead = "schemas are made together with their tenants. Use `manage.py tenant create`."
