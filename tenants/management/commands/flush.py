from tenants.commands.closed_command import ClosedCommand


class Command(ClosedCommand):
    instead = "it would empty what never may be. Nothing takes its place: `manage.py tenant suspend` stops a tenant."
