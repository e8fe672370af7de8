"""manage.py bucket: the bucket itself, and what is proved of it."""

from django.core.management.base import CommandParser

from media_core.commands.bucket_prove import add_prove
from tenants.commands.base import PlainCommand, add_actions


class Command(PlainCommand):
    help = "Look at the bucket and prove things of it. `bucket ACTION --help` says more."
    examples = """\
examples:
  manage.py bucket prove --dry-run
  manage.py bucket prove"""

    def add_arguments(self, parser: CommandParser) -> None:
        actions = add_actions(parser)
        add_prove(actions)
