"""Commands of django-tenants and Django that would go around the rules are closed."""

from pathlib import Path

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command, get_commands

from tenants.binding import bind_tenant
from tenants.commands.closed import ClosedCommand
from tenants.management.commands import delete_tenant
from tenants.models import CacheEntry, Tenant
from tenants.people.models import Session
from tenants.people.sessions import SessionStore
from tenants.schemas import applied_version
from tenants.versions import schema_version
from tests.conftest import new_session

COMMANDS = Path(delete_tenant.__file__).parent
CLOSED = sorted(path.stem for path in COMMANDS.glob("*.py") if "ClosedCommand" in path.read_text())


@pytest.mark.parametrize("name", CLOSED)
def test_is_closed_and_says_what_to_use(name):
    assert get_commands()[name] == "tenants"
    with pytest.raises(CommandError, match=r"manage\.py (tenant|agency)"):
        call_command(name)


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
    assert versions == {schema_version()} == {applied_version(globex.schema_name)}
