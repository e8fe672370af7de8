from tenants.commands.closed_command import ClosedCommand


class Command(ClosedCommand):
    instead = "there are no superusers. Use `manage.py agency add`."
