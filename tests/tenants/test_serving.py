"""A tenant whose tables this code cannot serve: a plain 503 for everybody, and everything else goes on."""

import logging

import pytest
from django.core.management import CommandError, call_command

from tenants.binding import bind_agency, bind_tenant, bound_tenant
from tenants.domains import host_cache
from tenants.errors import NoTenantBound, SchemaNotServed
from tenants.models import Tenant
from tenants.schema_versions import get_schema_version, parse_version
from tests.conftest import browser_at
from tests.tenants.conftest import sql
from tests.wire import statements

pytestmark = pytest.mark.django_db
BEHIND = "stamp.0001_initial"


def note(tenant, version, oldest_code=""):
    """Note another version in the tenant's row; return the row as it is then."""
    Tenant.objects.filter(pk=tenant.pk).update(schema_version=version, oldest_code=oldest_code)
    host_cache.forget()
    return Tenant.objects.get(pk=tenant.pk)


@pytest.mark.parametrize("version", ["", BEHIND, "media_core.9000_newer stamp.0001_initial", "x"])
@pytest.mark.parametrize("name", ["", "ada", "eve"])
def test_everybody_gets_the_same_plain_answer(version, name, acme, globex, browse):
    browser = browse(acme) if name in {"", "eve"} else browse(acme, name)
    note(acme, version)
    answer = browser.get("/")
    assert (answer.status_code, answer.content) == (
        503,
        b"This site is being updated. Try again in a moment.\n",
    )
    assert dict(answer.headers) | {"X-Request-ID": ""} == {
        "Content-Type": "text/plain; charset=utf-8",
        "Retry-After": "10",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "X-Request-ID": "",
    }
    assert not answer.cookies


@pytest.mark.parametrize("method", ["get", "head", "post", "put", "delete"])
@pytest.mark.parametrize(
    "path", ["/", "/accounts/login/", "/nothing/", "/static/gateway/gateway.css"]
)
def test_on_every_route(method, path, acme, browse):
    note(acme, BEHIND)
    assert getattr(browse(acme), method)(path).status_code == 503


def test_the_second_time_it_costs_no_statement(acme, browse):
    note(acme, BEHIND)
    browser = browse(acme, "")
    browser.get("/")
    with statements() as sent:
        browser.get("/")
    assert sent == []


def test_others_the_agency_and_the_health_check_go_on(acme, globex, browse):
    note(acme, BEHIND)
    assert browse(globex, "eve").get("/").status_code == 200
    assert browse(None, "olga").get("/").status_code == 200
    assert browser_at("acme.example").get("/healthz").status_code == 200


def test_the_log_says_which_tenant_and_why(acme, browse, caplog):
    note(acme, BEHIND)
    with caplog.at_level(logging.WARNING, "tenants.middleware"):
        browse(acme).get("/")
    (line,) = [record for record in caplog.records if record.name == "tenants.middleware"]
    assert line.getMessage().startswith("tenant not served: media_core is at zero, which this code")
    assert line.tenant == str(acme.id)


def test_a_tenant_ahead_is_served_when_the_newer_code_says_so(acme, browse):
    ahead = " ".join(f"{label}.9000_newer" for label in parse_version(get_schema_version()))
    note(acme, ahead, oldest_code=get_schema_version())
    assert browse(acme, "ada").get("/").status_code == 200


def test_nothing_binds_it_either_with_or_without_a_binding_before(acme, globex):
    behind = note(acme, BEHIND)
    for bound in (bind_agency(), bind_tenant(globex)):
        with bound, pytest.raises(SchemaNotServed, match="migrate_tenants"), bind_tenant(behind):
            pytest.fail("bound")
    with pytest.raises(SchemaNotServed), bind_tenant(behind, even_suspended=True):
        pytest.fail("bound")
    with pytest.raises(NoTenantBound):
        bound_tenant()


def test_a_sweep_names_it_and_goes_on_with_the_others(acme, globex, capsys):
    note(acme, BEHIND)
    with pytest.raises(CommandError, match="1 of 3"):
        call_command("sweep_uploads")
    assert "Acme (acme/): This site is being updated." in capsys.readouterr().err


# --- migrated while its row is cached


def migrated_away(tenant):
    """Take a table away, as newer code does while this process still has the tenant's row in its cache."""
    sql(f'ALTER TABLE "{tenant.schema_name}".media_core_auditevent RENAME TO was_here')
    Tenant.objects.filter(pk=tenant.pk).update(
        schema_version="media_core.9000_newer stamp.0001_initial", oldest_code=""
    )


def makes_a_folder(browser):
    return browser.post("/folders/new", {"name": "Marketing", "folder": ""})


def test_a_request_that_meets_newer_tables_gets_the_503_too(acme, browse):
    browser = browse(acme, "ada")
    assert browser.get("/").status_code == 200
    migrated_away(acme)
    answer = makes_a_folder(browser)
    assert (answer.status_code, answer["Retry-After"]) == (503, "10")
    assert browser.get("/").content == answer.content


def test_a_fault_of_our_own_is_still_an_error(acme, browse):
    browser = browse(acme, "ada")
    browser.raise_request_exception = False
    browser.get("/")
    migrated_away(acme)
    Tenant.objects.filter(pk=acme.pk).update(schema_version=get_schema_version())
    assert makes_a_folder(browser).status_code == 500
