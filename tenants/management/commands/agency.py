"""manage.py agency: who works at the agency's own host."""

from django.core.management.base import CommandParser

from tenants.commands.agency_actions import EXAMPLES, add_agency_actions
from tenants.commands.base import PlainCommand, add_actions


class Command(PlainCommand):
    help = "Say who may do what at the agency's own host (AGENCY_HOST)."
    examples = EXAMPLES

    def add_arguments(self, parser: CommandParser) -> None:
        add_agency_actions(add_actions(parser))
