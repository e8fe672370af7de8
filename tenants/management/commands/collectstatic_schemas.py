from tenants.commands.closed import ClosedCommand


class Command(ClosedCommand):
    instead = "all tenants have the same static files. Use `manage.py collectstatic`."
