"""manage.py bucket: the one bucket of the deployment, how it is set up, and what it is proved to do."""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from media_core.bucket.bucket_errors import BUCKET_ERRORS
from media_core.bucket.doctor.probe import describe_error
from media_core.commands.bucket_apply import add_apply
from media_core.commands.bucket_doctor import add_doctor
from media_core.commands.bucket_prove import add_prove
from media_core.commands.bucket_verify import add_verify
from tenants.commands.base import PlainCommand, add_actions


class Command(PlainCommand):
    help = "Look after the bucket. `bucket ACTION --help` says more."
    examples = """\
examples:
  manage.py bucket doctor
  manage.py bucket apply --dry-run
  manage.py bucket prove
  manage.py bucket verify"""

    def add_arguments(self, parser: CommandParser) -> None:
        actions = add_actions(parser)
        for add in (add_doctor, add_apply, add_prove, add_verify):
            add(actions)

    def handle(self, **options: Any) -> None:
        """Say in one line, and without an address, what a bucket answered that nobody foresaw."""
        try:
            super().handle(**options)
        except BUCKET_ERRORS as error:
            raise CommandError(f"{settings.BUCKET_NAME}: {describe_error(error)}") from error
