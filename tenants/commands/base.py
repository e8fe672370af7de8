"""What the gateway's commands share: help that shows examples, and refusals in one line."""

import os
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter, _SubParsersAction
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn, TypeAlias

from django.core.management.base import (
    BaseCommand,
    CommandError,
    CommandParser,
    DjangoHelpFormatter,
)
from django.db import OperationalError, ProgrammingError

from tenants.errors import GatewayError

# What PostgreSQL answers when a table or a column is not there.
NOT_MIGRATED = frozenset({"42P01", "42703"})

Actions: TypeAlias = "_SubParsersAction[Any]"
RunAction: TypeAlias = "Callable[[PlainCommand, Namespace], None]"


class HelpFormatter(RawDescriptionHelpFormatter, DjangoHelpFormatter):
    """Keeps examples as they are written, and puts the options of every Django command last."""


class ActionParser(CommandParser):
    def error(self, message: str) -> NoReturn:
        """Say in one line what is wrong with the arguments, without the usage before it."""
        if not self.called_from_command_line:
            raise CommandError(f"Error: {message}")
        self.exit(2, f"{self.prog}: {message}. `{self.prog} --help` says more.\n")


class PlainCommand(BaseCommand):
    """A command whose refusals are one line on stderr, and whose help ends in `examples`."""

    examples = ""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        kwargs |= {"formatter_class": HelpFormatter, "epilog": self.examples}
        return super().create_parser(prog_name, subcommand, **kwargs)

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            with translate_errors():
                return super().execute(*args, **options)
        except BrokenPipeError:
            # `| head` has seen enough. Python would complain once more when it flushes at its end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return None

    def handle(self, **options: Any) -> None:
        """Run the action that `add_action` has set."""
        options["run"](self, Namespace(**options))


def add_actions(parser: ArgumentParser) -> Actions:
    """Return where the actions of this parser are added; one of them must be given."""
    return parser.add_subparsers(
        dest="action", metavar="ACTION", required=True, parser_class=ActionParser
    )


def add_action(
    actions: Actions, run: RunAction, *, summary: str, examples: str, name: str = ""
) -> ArgumentParser:
    """Add the action that `run` does, under this name or that of the function; return its parser."""
    name = name or run.__name__.removesuffix("_")
    parser = add_group(actions, name, summary=summary, examples=examples)
    parser.set_defaults(run=run)
    return parser


def add_group(actions: Actions, name: str, *, summary: str, examples: str) -> ArgumentParser:
    """Add an action that has actions of its own; return its parser."""
    parser: ArgumentParser = actions.add_parser(
        name,
        help=summary,
        description=summary,
        epilog=examples,
        formatter_class=HelpFormatter,
    )
    return parser


@contextmanager
def translate_errors() -> Iterator[None]:
    """Turn what the gateway or the database refuses into one line for the command line."""
    try:
        yield
    except GatewayError as error:
        raise CommandError(str(error)) from error
    except ProgrammingError as error:
        if getattr(error.__cause__, "sqlstate", "") not in NOT_MIGRATED:
            raise
        raise CommandError(
            "The database lacks a table of this version: "
            "run manage.py migrate_schemas --shared first (for tenants: manage.py migrate_tenants)."
        ) from error
    except OperationalError as error:
        why = " ".join(str(error).split())
        raise CommandError(f"The database did not answer; look at DATABASE_URL: {why}") from error
    except UnicodeError as error:
        raise CommandError("What was given is not UTF-8 text: write it again in UTF-8.") from error


def is_interactive() -> bool:
    """Return whether standard input is a terminal."""
    return sys.stdin is not None and sys.stdin.isatty()
