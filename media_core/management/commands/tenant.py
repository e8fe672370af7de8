"""manage.py tenant: the tenants, their domains and their members."""

from django.core.management.base import CommandParser

from media_core.commands.move_storage import add_move_storage
from media_core.commands.suspend import add_resume, add_suspend
from media_core.commands.tenant_limits import add_limits
from media_core.commands.tenant_visits import add_visits
from tenants.commands.base import PlainCommand, add_actions
from tenants.commands.domain_actions import add_domain_group
from tenants.commands.member_actions import add_member_group
from tenants.commands.tenant_actions import add_create, add_links, add_rename
from tenants.commands.tenant_reports import add_list, add_show


class Command(PlainCommand):
    help = "Make tenants, look at them and change them. `tenant ACTION --help` says more."
    examples = """\
REF names a tenant by its id, location prefix, domain or exact name.

examples:
  manage.py tenant create "Acme Tools" --prefix acme/ --domain acme.example --admin ada@acme.example
  manage.py tenant list
  manage.py tenant show acme/
  manage.py tenant domain acme/ add files.acme.example --active
  manage.py tenant member acme/ add ed@acme.example --role editor
  manage.py tenant suspend acme/ --dry-run"""

    def add_arguments(self, parser: CommandParser) -> None:
        actions = add_actions(parser)
        for add in (add_create, add_list, add_show, add_rename, add_links):
            add(actions)
        add_domain_group(actions)
        add_member_group(actions)
        add_limits(actions)
        add_suspend(actions)
        add_resume(actions)
        add_visits(actions)
        add_move_storage(actions)
