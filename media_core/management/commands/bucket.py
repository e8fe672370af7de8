"""manage.py bucket: the one bucket of the deployment, how it is set up, and what it is proved to do."""

from django.core.management.base import CommandParser

from media_core.commands.bucket_apply import add_apply
from media_core.commands.bucket_doctor import add_doctor
from media_core.commands.bucket_prove import add_prove
from tenants.commands.base import PlainCommand, add_actions


class Command(PlainCommand):
    help = "Look after the bucket. `bucket ACTION --help` says more."
    examples = """\
examples:
  manage.py bucket doctor
  manage.py bucket apply --dry-run
  manage.py bucket prove"""

    def add_arguments(self, parser: CommandParser) -> None:
        actions = add_actions(parser)
        for add in (add_doctor, add_apply, add_prove):
            add(actions)
