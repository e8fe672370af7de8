"""People as commands add them: who they are, with or without a first password."""

import sys
from argparse import ArgumentParser, Namespace
from getpass import getpass

from django.core.management.base import CommandError
from django.urls import reverse

from tenants.commands.base import PlainCommand, is_interactive
from tenants.commands.tenant_references import build_url
from tenants.people.members import AddedPerson


def add_person_options(parser: ArgumentParser) -> None:
    parser.add_argument("email", metavar="EMAIL", help="what the person signs in with")
    parser.add_argument("--name", default="", help="what a new person is called (default: EMAIL)")
    parser.add_argument(
        "--password-stdin",
        action="store_true",
        help="read a new person's password, one line, from standard input; "
        "without it they set one by “Forgot your password?”",
    )


def read_password(asked: Namespace) -> str | None:
    """Return the first line of stdin, or None when no password was announced. Never print it."""
    if not asked.password_stdin:
        return None
    if is_interactive():
        return getpass("Password: ")
    line: str = sys.stdin.readline().rstrip("\r\n") if sys.stdin else ""
    if not line:
        raise CommandError(
            "--password-stdin: standard input is empty. Pipe the password in, one line."
        )
    return line


def write_sign_in_help(command: PlainCommand, added: AddedPerson, host: str) -> None:
    """Say how the person comes in; who was known keeps their name and password."""
    email = added.person.email
    known = f"{email} is new" if added.is_new_person else f"{email} was known already"
    if not added.person.has_usable_password():
        page = _build_page_url(host, "account_reset_password")
        command.stdout.write(f"{known} and has no password yet.")
        command.stdout.write(f"They set one by “Forgot your password?” on {page}")
    elif added.is_new_person:
        command.stdout.write(f"{known} and signs in on {_build_page_url(host, 'account_login')}")
    else:
        command.stdout.write(f"{known}: name and password stay as they were.")


def _build_page_url(host: str, name: str) -> str:
    return build_url(host, reverse(name))
