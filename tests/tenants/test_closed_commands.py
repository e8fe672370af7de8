"""Commands of django-tenants and Django that would go around the rules are closed."""

from pathlib import Path

import pytest
from django.core.cache import cache
from django.core.management import (
    CommandError,
    call_command,
    get_commands,
    load_command_class,
)
from django_tenants.management import commands as django_tenants_commands

from tenants.binding import bind_tenant
from tenants.commands.closed_command import ClosedCommand
from tenants.management.commands import delete_tenant
from tenants.models import CacheEntry, Tenant
from tenants.people.models import Session
from tenants.people.sessions import SessionStore
from tenants.schema_versions import get_schema_version
from tenants.schemas.creation import read_applied_version
from tests.conftest import new_session

COMMANDS = Path(delete_tenant.__file__).parent
CLOSED = sorted(path.stem for path in COMMANDS.glob("*.py") if "ClosedCommand" in path.read_text())


@pytest.mark.parametrize("name", CLOSED)
def test_is_closed_and_says_what_to_use(name):
    assert get_commands()[name] == "tenants"
    with pytest.raises(CommandError, match=r"^This command is closed: .*`[^`\n]+`.*\.$"):
        call_command(name)


def test_every_command_of_django_tenants_is_closed_or_ours():
    ours = {"migrate", "migrate_schemas"}
    brought = {path.stem for path in Path(django_tenants_commands.__file__).parent.glob("[!_]*.py")}
    assert brought - ours <= set(CLOSED)
    assert all(get_commands()[name] == "tenants" for name in ours)


# As they are typed: what goes around the rules, and changes or leaves out what it may not.
TYPED = [
    ["migrate_schemas", "--fake"],
    ["migrate_schemas", "--fake-initial"],
    ["migrate", "--fake"],
    ["migrate", "media_core", "--prune"],
    ["migrate", "media_core", "zero"],
    ["tenant_command", "flush", "--schema=acme", "--no-input"],
    ["tenant_command", "loaddata", "rows.json", "--schema=acme"],
    ["tenant_command", "dumpdata", "media_core", "--schema=acme"],
    ["all_tenants_command", "flush", "--no-input"],
    ["collectstatic_schemas", "--all-schemas"],
    ["flush", "--no-input"],
    ["loaddata", "rows.json"],
    ["dumpdata"],
    ["dumpdata", "media_core", "--output=backup.json"],
    ["create_tenant", "--schema_name=x"],
    ["delete_tenant", "--schema=acme"],
    ["clone_tenant", "--clone_from=acme"],
]


@pytest.mark.usefixtures("acme", "globex")
@pytest.mark.parametrize("typed", TYPED, ids=" ".join)
def test_a_way_around_the_rules_ends_in_one_line_and_exit_code_1(
    typed, capsys, monkeypatch, tmp_path
):
    monkeypatch.chdir(tmp_path)
    command = load_command_class(get_commands()[typed[0]], typed[0])
    with pytest.raises(SystemExit, match=r"^1$"):
        command.run_from_argv(["manage.py", *typed])
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n"), [*tmp_path.iterdir()]) == ("", 1, [])


@pytest.mark.parametrize(
    "name", ["delete_tenant", "rename_schema", "clone_tenant", "createsuperuser"]
)
def test_is_closed_whatever_is_asked_of_it(name, capsys):
    with pytest.raises(SystemExit, match="1"):
        ClosedCommand().run_from_argv(["manage.py", name, "--schema=public", "x"])
    assert "closed" in capsys.readouterr().err


def test_expired_counters_of_sign_in_are_removed_and_live_ones_stay(acme, globex):
    with bind_tenant(acme):
        cache.set_many({"live": 1}, timeout=300)
        cache.set_many({"expired": 1}, timeout=-1)
        cache.set("short", 1, timeout=300)
    CacheEntry.objects.filter(cache_key__endswith="short").update(expires="2020-01-01T00:00Z")
    call_command("clearsessions")
    assert [key.rpartition(":")[2] for key in CacheEntry.objects.values_list("pk", flat=True)] == [
        "live"
    ]


@pytest.mark.parametrize("command", ["migrate_schemas", "migrate"])
def test_migrations_only_go_forward(command, acme, globex):
    with pytest.raises(CommandError, match="only go forward"):
        call_command(command, "tenants", "zero", shared=True)
    assert Tenant.objects.filter(pk__in=[acme.pk, globex.pk]).count() == 2


def test_expired_sessions_are_removed_and_live_ones_stay(acme, globex, people):
    expired, live = new_session(people["ada"], acme), new_session(people["eve"], globex)
    Session.objects.filter(pk=expired).update(expire_date="2020-01-01T00:00Z")
    call_command("clearsessions")
    assert set(Session.objects.values_list("pk", flat=True)) == {live}
    assert SessionStore.get_model_class() is Session


def test_after_migrating_each_tenant_has_the_version_of_its_schema(acme, globex):
    Tenant.objects.update(schema_version="of old")
    call_command("migrate_schemas", tenant=True, verbosity=0)
    versions = set(Tenant.objects.values_list("schema_version", flat=True))
    assert versions == {get_schema_version()} == {read_applied_version(globex.schema_name)}
