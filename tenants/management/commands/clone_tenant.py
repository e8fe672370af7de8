from tenants.commands.closed_command import ClosedCommand


class Command(ClosedCommand):
    instead = (
        "a clone's rows would point into another tenant's room. Use `manage.py tenant create`."
    )
