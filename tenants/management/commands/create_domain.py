from tenants.commands.closed import ClosedCommand


class Command(ClosedCommand):
    instead = "Use `manage.py tenant domain`."
