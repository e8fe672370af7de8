"""manage.py bucket: the one bucket of the deployment, and what it is proved to do."""

from django.core.management.base import CommandParser

from media_core.commands.bucket_doctor import add_doctor
from tenants.commands.base import PlainCommand, add_actions


class Command(PlainCommand):
    help = "Examine the bucket. `bucket ACTION --help` says more."
    examples = """\
examples:
  manage.py bucket doctor"""

    def add_arguments(self, parser: CommandParser) -> None:
        actions = add_actions(parser)
        add_doctor(actions)
