from tenants.commands.closed import ClosedCommand


class Command(ClosedCommand):
    instead = "there are no superusers. Use `manage.py agency add`."
