"""manage.py operations: long work that people asked for."""

from django.core.management.base import CommandParser

from tenants.commands.base import PlainCommand, add_actions
from tenants.commands.operation_actions import EXAMPLES, add_operation_actions


class Command(PlainCommand):
    help = "Watch long work, such as moving what a tenant stores; pause it, resume it, cancel it."
    examples = EXAMPLES

    def add_arguments(self, parser: CommandParser) -> None:
        add_operation_actions(add_actions(parser))
