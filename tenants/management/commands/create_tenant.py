from tenants.commands.closed_command import ClosedCommand


class Command(ClosedCommand):
    instead = "it reserves no room in the bucket. Use `manage.py tenant create`."
