from tenants.commands.closed_command import ClosedCommand


class Command(ClosedCommand):
    instead = "all tenants have the same static files. Use `manage.py collectstatic`."
