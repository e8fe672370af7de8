"""Commands that django-tenants and Django bring along and that would go around the rules of tenants."""

from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser


class ClosedCommand(BaseCommand):
    """Does nothing, and says what to use instead."""

    instead = ""

    def add_arguments(self, parser: CommandParser) -> None:
        # Whatever is given, the answer is the same.
        parser.add_argument("arguments", nargs="*")

    @property
    def help(self) -> str:  # type: ignore[override]  # a class attribute at Django's
        return f"Closed: {self.instead}"

    def run_from_argv(self, argv: list[str]) -> None:
        super().run_from_argv(argv[:2])

    def handle(self, *_args: Any, **_options: Any) -> NoReturn:
        raise CommandError(f"This command is closed: {self.instead}")
