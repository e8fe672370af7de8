"""manage.py tenant: create, list, show, rename, links, suspend, resume."""

import json
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from media_core.storages.presigned import choose_lifetime_seconds
from tenants.binding import bind_tenant
from tenants.domains import find_tenant_by_host
from tenants.models import MAX_PRESIGN_SECONDS, Tenant
from tenants.people.models import Membership
from tenants.provisioning import find_tenant, get_longest_link_seconds
from tenants.stamp.models import Stamp
from tests.conftest import Browse
from tests.mailing import send_mail_of

pytestmark = pytest.mark.django_db


def tenant(*arguments: str) -> str:
    """Return what `manage.py tenant` says on standard output."""
    said = StringIO()
    call_command("tenant", *arguments, stdout=said)
    return said.getvalue()


def creation(**given: str) -> list[str]:
    options = {"prefix": "umbrella/", "domain": "umbrella.example", **given}
    name = options.pop("name", "Umbrella")
    return ["create", name, *(f"--{key.replace('_', '-')}={options[key]}" for key in options)]


def create(**given: str) -> str:
    return tenant(*creation(**given))


def refusal(*arguments: str) -> str:
    """Return why `manage.py tenant` refuses: one line."""
    with pytest.raises(CommandError) as refused:
        tenant(*arguments)
    assert len(str(refused.value).splitlines()) == 1
    return str(refused.value)


# --- create


def test_create_makes_a_tenant_that_its_domain_leads_to(acme, globex):
    said = create(presign_seconds="60")
    made = find_tenant("umbrella/")
    assert find_tenant_by_host("umbrella.example") == made
    assert (made.name, made.presign_seconds, made.status) == ("Umbrella", 60, "active")
    assert f"s3://{settings.BUCKET_NAME}/umbrella/" in said
    assert str(made.id) in said


def test_create_gives_the_tenant_a_schema_of_its_own(acme):
    create()
    made = find_tenant("umbrella/")
    with bind_tenant(made):
        assert [stamp.tenant_id for stamp in Stamp.objects.all()] == [made.id]


def test_create_without_an_admin_says_what_comes_next(acme):
    assert "Next: manage.py tenant member umbrella/ add EMAIL --role admin" in create()


def test_create_with_an_admin_makes_them_admin_of_this_tenant_only(acme):
    create(admin="uma@umbrella.example", admin_name="Uma Admin")
    uma = Membership.objects.get(person__email="uma@umbrella.example")
    assert (str(uma.tenant), uma.role, str(uma.person)) == ("Umbrella", "admin", "Uma Admin")
    assert not uma.person.has_usable_password()


def test_the_page_that_create_names_mails_the_new_admin_a_link(acme, browse: Browse, mailoutbox):
    said = create(admin="uma@umbrella.example")
    assert "https://umbrella.example/accounts/password/reset/" in said
    umbrella = find_tenant("umbrella/")
    browse(umbrella).post("/accounts/password/reset/", {"email": "uma@umbrella.example"})
    send_mail_of(umbrella)
    assert [mail.to for mail in mailoutbox] == [["uma@umbrella.example"]]


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"prefix": "umbrella"}, "write 'umbrella/'"),
        ({"prefix": "Acme/sub/"}, "'Acme/sub/' overlaps 'acme/'"),
        ({"prefix": "private/"}, "'private/'"),
        ({"domain": "acme.example"}, "'acme.example'"),
        ({"domain": settings.AGENCY_HOST}, "AGENCY_HOST"),
        ({"domain": "not a host"}, "'not a host'"),
        ({"presign_seconds": "0"}, "give 1 to 3600"),
        ({"presign_seconds": "soon"}, "'soon'"),
        ({"name": " "}, "empty"),
        ({"admin": "uma"}, "'uma'"),
        ({"admin_name": "Uma"}, "--admin EMAIL"),
    ],
)
def test_create_refuses_in_one_line_and_makes_nothing(acme, given, named):
    before = Tenant.objects.count()
    assert named in refusal(*creation(**given))
    assert Tenant.objects.count() == before


# --- list and show


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        (["LOBE"], ["Globex"]),
        (["acme.exam"], ["Acme"]),
        (["hooli/"], ["Hooli"]),
        (["--status", "suspended"], ["Hooli"]),
        (["--status", "active"], ["Acme", "Globex"]),
        (["umbrella"], []),
    ],
)
def test_list_finds_by_part_of_name_prefix_or_domain_and_by_status(
    acme, globex, hooli, asked, names
):
    assert [row["name"] for row in json.loads(tenant("list", "--json", *asked))] == names


def test_list_says_what_nothing_fits(acme):
    said = tenant("list", "umbrella", "--status", "active")
    assert said == "No tenant fits QUERY 'umbrella' and --status active.\n"


def test_list_without_any_tenant_says_how_to_make_the_first(db):
    with connection.cursor() as cursor:
        # No tenant is ever deleted, so an empty table is made by taking the guards away. All is rolled back.
        for table in ("tenants_tenant", "tenants_prefixreservation"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute("TRUNCATE tenants_tenant CASCADE")
    assert "manage.py tenant create" in tenant("list")


def test_list_needs_no_more_queries_for_more_tenants(acme, globex):
    with CaptureQueriesContext(
        connection,
    ) as before:
        tenant("list")
    create()
    with CaptureQueriesContext(connection) as after:
        tenant("list")
    assert len(after) == len(before)


@pytest.mark.parametrize(
    "reference", ["id", "acme/", "acme", "acme.example", "ACME.example.", "Acme"]
)
def test_a_tenant_is_named_by_id_prefix_domain_or_name(acme, globex, reference):
    shown = json.loads(tenant("show", "--json", str(acme.id) if reference == "id" else reference))
    assert shown["id"] == str(acme.id)


def test_show_tells_all_of_one_tenant_and_nothing_of_another(acme, globex, settings):
    settings.LOCATION_PREFIX = "agency/"
    said = tenant("show", "acme/")
    for fact in (
        str(acme.id),
        acme.schema_name,
        "active",
        "/agency/acme/\n",
        "ada@acme.example   ",
        "300 s",
    ):
        assert fact in said
    assert "globex" not in said.replace("max@", "")


def test_show_as_json_has_domains_and_members(acme):
    shown = json.loads(tenant("show", "acme/", "--json"))
    assert shown["domains"] == [{"domain": "acme.example", "state": "active", "is_primary": True}]
    assert {"email": "vic@acme.example", "role": "viewer", "name": "Vic"} in shown["members"]


def test_show_says_when_the_schema_is_of_another_version_than_the_code(acme):
    Tenant.objects.filter(pk=acme.pk).update(schema_version="media_core.0000_older")
    assert "media_core.0000_older (ahead, not served; this code: media_core." in tenant(
        "show", "acme/"
    )


def test_a_tenant_that_is_not_there_is_refused_with_the_way_to_find_it(acme):
    assert "'umbrella': `manage.py tenant list`" in refusal("show", "umbrella")


def test_a_name_that_fits_two_tenants_is_refused_with_their_ids(acme, globex):
    tenant("rename", "globex/", "Acme")
    said = refusal("suspend", "Acme")
    assert str(acme.id) in said
    assert str(globex.id) in said


# --- rename and links


def test_rename_changes_the_name_and_nothing_else(acme, globex):
    assert tenant("rename", "acme/", " Acme Tools ") == "Acme (acme/) is now Acme Tools (acme/).\n"
    after = Tenant.objects.get(pk=acme.pk)
    assert (after.name, after.location_prefix, after.schema_name) == (
        "Acme Tools",
        "acme/",
        acme.schema_name,
    )
    assert Tenant.objects.get(pk=globex.pk).name == "Globex"


def test_rename_refuses_a_name_that_misleads(acme):
    assert "U+202E" in refusal("rename", "acme/", "photo\u202egpj.exe")


@pytest.mark.parametrize(("seconds", "stored"), [("60", 60), ("3600", 3600), ("default", None)])
def test_links_sets_how_long_they_live_for_this_tenant_only(acme, globex, seconds, stored):
    Tenant.objects.filter(pk=acme.pk).update(presign_seconds=10)
    said = tenant("links", "acme/", "--seconds", seconds)
    assert Tenant.objects.get(pk=acme.pk).presign_seconds == stored
    assert Tenant.objects.get(pk=globex.pk).presign_seconds is None
    assert "before live on, up to 10 s" in said


@pytest.mark.parametrize("seconds", ["0", "3601", "-1", "1.5", "²", "soon"])
def test_links_refuses_what_is_no_lifetime(acme, seconds):
    assert seconds in refusal("links", "acme/", f"--seconds={seconds}")


@pytest.mark.parametrize("chosen", [None, 1, 60, MAX_PRESIGN_SECONDS])
def test_the_longest_link_is_as_long_as_the_signer_makes_it(chosen):
    some = Tenant(presign_seconds=chosen)
    signed = [
        choose_lifetime_seconds(some, content_type)
        for content_type in ("application/pdf", "video/mp4")
    ]
    assert get_longest_link_seconds(some) == max(signed)


# --- suspend and resume


class Terminal(StringIO):
    """Standard input at which a person sits."""

    def isatty(self) -> bool:
        return True


def test_suspend_says_what_members_see_and_how_long_links_live_on(acme, globex):
    Tenant.objects.filter(pk=acme.pk).update(presign_seconds=90)
    said = tenant("suspend", "acme/")
    assert not find_tenant("acme/").is_served
    assert find_tenant("globex/").is_served
    assert "Members see a page saying so" in said
    assert "up to 90 s" in said


def test_suspend_and_resume_say_when_there_was_nothing_to_change(acme, globex):
    assert "was not suspended. Nothing was changed." in tenant("resume", "acme/")
    tenant("suspend", "acme/")
    assert "was suspended already. Nothing was changed." in tenant("suspend", "acme/")
    assert "is suspended already. Nothing was changed." in tenant("suspend", "acme/", "--dry-run")
    assert "is served again" in tenant("resume", "acme/")
    assert find_tenant("acme/").is_served


def test_a_dry_run_of_suspend_says_the_numbers_and_changes_nothing(acme):
    said = tenant("suspend", "acme/", "--dry-run")
    assert f"1 active domain(s), {acme.memberships.count()} member(s). Nothing was changed." in said
    assert find_tenant("acme/").is_served


@pytest.mark.parametrize(
    ("answer", "served"), [("y\n", False), ("n\n", True), ("\n", True), ("", True)]
)
def test_suspend_asks_a_person_at_a_terminal(acme, monkeypatch, capsys, answer, served):
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    if served:
        assert "Acme (acme/) was not suspended" in refusal("suspend", "acme/")
    else:
        tenant("suspend", "acme/")
    assert find_tenant("acme/").is_served is served


def test_suspend_with_yes_asks_nobody(acme, monkeypatch):
    monkeypatch.setattr("sys.stdin", Terminal())
    tenant("suspend", "acme/", "--yes")
    assert not find_tenant("acme/").is_served
