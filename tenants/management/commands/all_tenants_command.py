from tenants.commands.closed_command import ClosedCommand


class Command(ClosedCommand):
    instead = (
        "it binds no tenant. Call the command in `manage.py shell`, for each tenant: "
        "with bind_tenant(tenant): call_command(…)."
    )
