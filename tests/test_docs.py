"""What the documentation says of the code is so: settings, errors, limits, commands, dependencies, links."""

import ast
import io
import re
import shlex
import sys
from argparse import ArgumentParser, _SubParsersAction
from collections.abc import Iterator
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import pytest
from allauth.account import app_settings as allauth
from django.conf import settings
from django.core.management import call_command, get_commands, load_command_class
from django.core.management.base import BaseCommand, CommandError

from tenants.errors import GatewayError, PrefixRefused
from tenants.prefixes import validate_location_prefix

ROOT = Path(__file__).resolve().parent.parent
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
REFERENCE = ROOT / "docs" / "reference"
DEPENDENCIES = ROOT / "docs" / "explanation" / "dependencies.md"
OURS = (
    "tenant", "agency", "bucket", "operations", "sweep_uploads", "public_policy", "migrate_tenants", "worker",
    "jobs",
)  # fmt: skip
# Where a page says what to type on somebody's server.
PATHS_TO_TYPE = (
    "/srv/gateway", "/etc/", "/bin/kill", "/d/", "/healthz", "/readyz", "/path/to/", "/tmp/my-demo",  # noqa: S108 - an example
    "/var/lib/media-gateway", "/dev/null", "/_rooms/", "/files/", "/media/", "/private/", "/bucket/attestations",
    "/usr/local/bin/manage.py", "/usr/sbin/nologin", "/var/lib/gateway", "/var/backups/gateway",
)  # fmt: skip
WHAT_DIFFERS = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|t_[0-9a-f]{16}|\d{4}-\d\d-\d\dT[\d:+]+"
    r"|(?:\w+\.\d{4}_\w+ ?)+"
)

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def rows(page: Path, titles: str) -> list[list[str]]:
    """Return the rows of all tables with these titles; cells without the space around them."""
    found, inside = [], False
    for line in page.read_text().splitlines():
        if not line.startswith("|"):
            inside = False
        elif line.startswith(titles):
            inside = True
        elif inside and not line.startswith("|--"):
            found.append([cell.strip() for cell in line.strip("|").split("|")])
    assert found, f"{page.name} has no table that begins with {titles}"
    return found


def code_in(page: Path) -> str:
    """Return what a page shows as code, in blocks and in lines."""
    text = page.read_text()
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    rest = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    return "\n".join(blocks + re.findall(r"`([^`]+)`", rest))


# --- Settings


def readings() -> dict[str, ast.Call]:
    """Return every call of settings.py that reads a variable, by the variable's name."""
    calls = [
        node
        for node in ast.walk(ast.parse((ROOT / "gateway" / "settings.py").read_text()))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).startswith(("env.", "_read_bucket_value"))
    ]
    return {ast.literal_eval(call.args[0]): call for call in calls}


def default_of(call: ast.Call) -> str | None:
    """Return the default as the table writes it, or None when it is computed."""
    if ast.unparse(call.func) in {"env.read_secret", "_read_bucket_value"}:
        return "required"
    named = [keyword.value for keyword in call.keywords if keyword.arg == "default"]
    node = (named or call.args[1:] or [ast.Constant("")])[0]
    if not isinstance(node, ast.Constant):
        return None
    default: Any = node.value
    return "empty" if default == "" else f"`{default}`"


def bounds_of(call: ast.Call) -> str | None:
    """Return the bounds as the table writes them, where code knows some."""
    named = {keyword.arg: keyword.value for keyword in call.keywords}
    if ast.unparse(call.func) == "env.read_number":
        return f"{ast.literal_eval(named['at_least'])} to {ast.literal_eval(named['at_most'])}"
    if ast.unparse(call.func) == "env.read_choice":
        return ", ".join(f"`{choice}`" for choice in sorted(ast.literal_eval(call.args[2])))
    return None


def test_the_settings_are_those_of_the_example_file() -> None:
    example = re.findall(
        r"^#?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE
    )
    assert [row[0].strip("`") for row in rows(REFERENCE / "settings.md", "| Variable")] == example


@pytest.mark.parametrize(
    "row", rows(REFERENCE / "settings.md", "| Variable"), ids=lambda row: row[0]
)
def test_defaults_and_bounds_of_settings_are_those_of_the_code(row: list[str]) -> None:
    call = readings()[row[0].strip("`")]
    assert row[1] == default_of(call) or default_of(call) is None
    assert row[2] == bounds_of(call) or bounds_of(call) is None


# --- Errors


def refusals(kind: type[GatewayError] = GatewayError) -> Iterator[type[GatewayError]]:
    for refusal in kind.__subclasses__():
        if refusal.__module__.startswith(("gateway.", "tenants.", "media_core.")):
            yield refusal
        yield from refusals(refusal)


def test_the_errors_are_those_of_the_code() -> None:
    # Every module that stands behind a route, whatever ran before in this process.
    import_module(settings.ROOT_URLCONF)
    known = {(f"`{r.__name__}`", str(int(r.status)), r().message) for r in refusals()}
    assert {tuple(row[:3]) for row in rows(REFERENCE / "errors.md", "| Code")} == known


# --- Limits


def limit(dotted: str) -> int:
    """Return what a name of the code says: a number, a time in seconds, or the length of a column."""
    value: Any = resolve_name(dotted)
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    return int(value.field.max_length if hasattr(value, "field") else seconds)


@pytest.mark.parametrize(
    "row", rows(REFERENCE / "limits.md", "| What | At most | In the code"), ids=lambda row: row[2]
)
def test_limits_are_those_of_the_code(row: list[str]) -> None:
    number = re.search(r"\b\d+\b", row[1])
    assert number, row
    assert int(number[0]) == limit(row[2].strip("`"))


@pytest.mark.parametrize(
    "row", rows(REFERENCE / "limits.md", "| What | At most | Rate"), ids=lambda row: row[2]
)
def test_rates_are_those_that_count(row: list[str]) -> None:
    name, rate = row[2].strip("`").split(": ")
    assert allauth.RATE_LIMITS[name] == rate


def test_a_segment_of_a_prefix_takes_63_characters() -> None:
    assert "1 to 63" in (REFERENCE / "limits.md").read_text()
    validate_location_prefix("a" * 63 + "/")
    with pytest.raises(PrefixRefused):
        validate_location_prefix("a" * 64 + "/")


# --- Commands


def options_of(parser: ArgumentParser) -> set[str]:
    return {
        option
        for action in parser._actions
        for option in action.option_strings
        if option.startswith("--")
    }


def actions_of(parser: ArgumentParser, called: str) -> Iterator[tuple[str, set[str]]]:
    """Yield every action of a command with its own options."""
    inner = [action for action in parser._actions if isinstance(action, _SubParsersAction)]
    for name, below in inner[0].choices.items() if inner else ():
        yield from actions_of(below, f"{called} {name}")
    if not inner:
        yield called, options_of(parser) - options_of(BaseCommand().create_parser("", ""))


def parser_of(name: str) -> ArgumentParser:
    command: BaseCommand = load_command_class(get_commands()[name], name)
    return command.create_parser("manage.py", name)


def test_the_commands_are_those_of_the_code_with_their_options() -> None:
    shown = {}
    for row in rows(REFERENCE / "commands.md", "| Command | Does | Options"):
        words = re.findall(
            r"(?<!\S)[a-z][a-z_-]*(?!\S)", row[0].strip("`").removeprefix("manage.py")
        )
        shown[" ".join(words)] = set(re.findall(r"--[a-z-]+", row[2]))
    assert shown == {
        called: options for name in OURS for called, options in actions_of(parser_of(name), name)
    }


@every_page
def test_every_command_that_is_named_exists(page: Path) -> None:
    named = set(re.findall(r"manage\.py ([a-z_]+)", code_in(page)))
    assert named <= {*get_commands(), "help"}


@every_page
def test_every_target_that_is_named_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z-]+)", code_in(page))) <= targets


def transcript(page: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield every command that a page shows with what it says."""
    for block in re.findall(r"^```console\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *said = part.strip().splitlines()
            if command.partition("manage.py ")[2].startswith(OURS):
                yield command, [comparable(line) for line in said if line]


def comparable(line: str) -> str:
    """Return the line without what differs from run to run."""
    return WHAT_DIFFERS.sub("…", " ".join(line.split()))


def said_by(command: str) -> Iterator[str]:
    """Run a command as the page shows it; yield what it says."""
    name, *given = shlex.split(command.partition("manage.py ")[2])
    output = io.StringIO()
    try:
        call_command(name, *given, stdout=output, stderr=output)
    except CommandError as error:
        output.write(f"CommandError: {error}")
    return map(comparable, output.getvalue().splitlines())


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name", ["deploy.md", "enter-a-tenant.md", "limits.md", "manage-tenants.md"]
)
def test_commands_say_what_the_page_shows(
    name: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.AGENCY_HOST, settings.BUCKET_NAME = "agency.example", "agency-media"
    steps = list(transcript(ROOT / "docs" / "howto" / name))
    assert steps
    for command, shown in steps:
        monkeypatch.setattr(sys, "stdin", io.StringIO("a first passphrase\n"))
        said = list(said_by(command))
        # Each line in its order; a page may leave some out, and other tests have tenants of their own.
        rest = iter(said)
        assert all(line in rest for line in shown), f"{command} said {said}"


# --- Dependencies


def test_every_requirement_has_its_entry() -> None:
    files = [ROOT / "requirements" / f"{name}.in" for name in ("production", "demo", "development")]
    text = "".join(file.read_text() for file in files)
    named = re.findall(r"^(\w[\w-]*)", text.lower(), re.MULTILINE)
    headings = re.findall(r"^### (.*)$", DEPENDENCIES.read_text(), re.MULTILINE)
    assert [heading.lower() for heading in headings] == named


# --- Links and paths


def anchors(page: Path) -> set[str]:
    """Return the names of a page's headings as links write them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    plain = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings]
    return {heading.strip().replace(" ", "-") for heading in plain} | {""}


@every_page
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if "://" not in link:
            path, _, anchor = link.partition("#")
            target = (page.parent / path) if path else page
            assert target.exists(), link
            assert target.suffix != ".md" or anchor in anchors(target), link


@every_page
def test_every_file_of_ours_that_is_named_exists(page: Path) -> None:
    named = re.findall(
        r"(?<![\w./-])((?:gateway|tenants|media_core|tests|requirements|docs)/[\w./-]*\w)",
        code_in(page),
    )
    assert [name for name in named if not (ROOT / name).exists()] == []


@every_page
def test_no_page_names_a_place_on_the_machine_of_its_writer(page: Path) -> None:
    paths = re.findall(r"(?:^|[\s`'\"(=])(/[a-z][\w./-]+)", page.read_text(), re.MULTILINE)
    assert [path for path in paths if not path.startswith(PATHS_TO_TYPE)] == []


def test_pictures_are_small() -> None:
    assert all(picture.stat().st_size < 150_000 for picture in (ROOT / "docs" / "images").iterdir())
