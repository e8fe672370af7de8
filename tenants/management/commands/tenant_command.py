from tenants.commands.closed_command import ClosedCommand


class Command(ClosedCommand):
    instead = (
        "it binds no tenant. Call the command in `manage.py shell`: "
        'with bind_tenant(find_tenant("acme/")): call_command(…).'
    )
