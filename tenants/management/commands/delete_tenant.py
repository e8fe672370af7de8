from tenants.commands.closed_command import ClosedCommand


class Command(ClosedCommand):
    instead = (
        "tenants are never deleted, their rooms stay reserved. Use `manage.py tenant suspend`."
    )
