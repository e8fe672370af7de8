from tenants.commands.closed_command import ClosedCommand


class Command(ClosedCommand):
    instead = "Use `manage.py tenant domain`."
