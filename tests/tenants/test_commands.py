"""What every command of ours does alike: help on every level, refusals in one line."""

import subprocess
import sys
from io import StringIO

import pytest
from django.core.management import CommandError, call_command, load_command_class
from django.db import OperationalError, ProgrammingError, connection

from tenants.commands.base import translate_errors

REFERRING = ("show", "rename", "links", "limits", "suspend", "resume")
ON_TENANT = {
    "domain": ("add", "activate", "primary", "remove"),
    "member": ("add", "role", "remove"),
}
LEVELS = [
    [],
    *([action] for action in ("create", "list", *REFERRING, *ON_TENANT)),
    *([group, "acme/", action] for group, actions in ON_TENANT.items() for action in actions),
]


def help_of(
    app: str, command: str, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> str:
    with pytest.raises(SystemExit) as ended:
        load_command_class(app, command).run_from_argv(["manage.py", command, *arguments, "--help"])
    assert ended.value.code == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("arguments", LEVELS, ids=" ".join)
def test_tenant_helps_on_every_level_with_an_example(arguments, capsys):
    said = help_of("media_core", "tenant", arguments, capsys)
    assert "usage: manage.py tenant" in said
    assert "\n  manage.py tenant " in said


@pytest.mark.parametrize("action", [*REFERRING, *ON_TENANT])
def test_help_says_what_ref_means(action, capsys):
    said = " ".join(help_of("media_core", "tenant", [action], capsys).split())
    assert "its id, location prefix, domain or exact name" in said


@pytest.mark.parametrize("arguments", [[], ["add"], ["list"], ["remove"]], ids=" ".join)
def test_agency_helps_on_every_level_with_an_example(arguments, capsys):
    assert "\n  manage.py agency " in help_of("tenants", "agency", arguments, capsys)


def test_sweep_uploads_helps_with_an_example(capsys):
    assert "\n  manage.py sweep_uploads --dry-run" in help_of(
        "media_core", "sweep_uploads", [], capsys
    )


def test_a_wrong_argument_is_one_line_on_standard_error(capsys):
    with pytest.raises(SystemExit) as ended:
        load_command_class("media_core", "tenant").run_from_argv(
            ["manage.py", "tenant", "create", "Acme"]
        )
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "the following arguments are required: --prefix, --domain" in line
    assert "`manage.py tenant create --help`" in line


def test_an_action_is_asked_for(db):
    with pytest.raises(CommandError, match="ACTION"):
        call_command("tenant")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("table", "arguments"),
    [
        ("tenants_tenant", ["tenant", "list"]),
        ("tenants_domain", ["tenant", "show", "acme/"]),
        ("people_agencyrole", ["agency", "list"]),
        ("tenants_tenant", ["sweep_uploads"]),
    ],
)
def test_a_missing_table_is_refused_with_the_command_that_makes_it(table, arguments):
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO was_here")
    with pytest.raises(CommandError, match=r"run manage\.py migrate_schemas --shared first"):
        call_command(*arguments, stdout=StringIO())


def test_another_fault_of_a_statement_goes_up_as_it_is():
    with pytest.raises(ProgrammingError), translate_errors():
        raise ProgrammingError("syntax error")


def test_a_database_that_does_not_answer_is_refused_in_one_line():
    with pytest.raises(CommandError) as refused, translate_errors():
        raise OperationalError("connection refused\n\tIs the server running?")
    assert str(refused.value).endswith(
        "look at DATABASE_URL: connection refused Is the server running?"
    )


@pytest.mark.django_db
def test_a_reference_that_is_no_text_is_refused():
    with pytest.raises(CommandError, match="UTF-8"):
        call_command("tenant", "show", "\udcff", stdout=StringIO())


MANY_LINES = """
from tenants.commands.base import PlainCommand

class Command(PlainCommand):
    requires_system_checks = []

    def handle(self, **options):
        for number in range(100_000):
            self.stdout.write(f"line {number}")

Command().run_from_argv(["manage.py", "many"])
"""


def test_a_reader_that_has_seen_enough_is_no_error():
    command = [sys.executable, "-c", MANY_LINES]
    with subprocess.Popen(  # noqa: S603 - our own Python runs the lines above
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert running.stdout.readline() == "line 0\n"
        running.stdout.close()
        assert running.stderr.read() == ""
    assert running.returncode == 0
