"""manage.py tenant limits, and what create and show say of limits."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from tenants.models import AuditEvent, FileGroup, Quota, Tenant, list_proved_groups
from tenants.provisioning import find_tenant
from tenants.tenant_limits import (
    TenantLimits,
    describe_file_groups,
    get_upload_max_bytes,
    read_limits,
)
from tests.media_core.conftest import books, set_quota

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def as_new(acme, globex):
    """Let both take what a new tenant takes."""
    Tenant.objects.filter(pk__in=[acme.pk, globex.pk]).update(file_groups=list_proved_groups())


def tenant(*arguments):
    said = StringIO()
    call_command("tenant", *arguments, stdout=said)
    return said.getvalue()


def limits(*arguments):
    return tenant("limits", "acme/", *arguments)


def refusal(*arguments):
    with pytest.raises(CommandError) as refused:
        tenant(*arguments)
    assert len(str(refused.value).splitlines()) == 1
    return str(refused.value)


def test_limits_without_options_shows_usage_and_limits_and_changes_nothing(acme, store):
    store(acme, b"x" * 1500)
    set_quota(acme, 10**10)
    said = " ".join(limits().split())
    assert said == (
        "Acme (acme/) used 1.5 kB (1,500 bytes) promised 0 bytes, to uploads that are under way left 10 GB "
        "quota 10 GB (10,000,000,000 bytes) max-upload 100 MB (100,000,000 bytes), as the deployment says "
        "types pdf,office,text,image,audio,video,archive versions 10 consent no"
    )
    assert not AuditEvent.objects.exists()


def test_limits_are_set_for_this_tenant_only_and_written_down(acme, globex):
    said = limits(
        "--quota", "10GB", "--max-upload", "50MB", "--types", "image,pdf,image", "--consent", "yes"
    )
    assert read_limits(acme) == TenantLimits(
        10**10, 50_000_000, ["pdf", "image"], requires_consent=True
    )
    assert read_limits(globex) == TenantLimits()
    assert "quota: no limit → 10 GB (10,000,000,000 bytes)" in said
    assert "hear of it within 10 s" in said
    event = AuditEvent.objects.get()
    assert (event.actor_name, event.action, event.tenant) == (
        "the command line",
        "changed limits",
        acme,
    )
    assert "consent: no → yes" in event.detail


def test_limits_go_back_to_what_they_were(acme):
    limits("--quota", "1kB", "--max-upload", "1", "--types", "all", "--consent", "yes")
    limits("--versions", "all")
    assert read_limits(acme).file_groups == FileGroup.values
    limits("--quota", "none", "--max-upload", "default", "--types", "default", "--consent", "no")
    limits("--versions", "10")
    assert read_limits(acme) == TenantLimits()


@pytest.mark.parametrize(("given", "kept"), [("3", 3), ("1000", 1000), ("all", None)])
def test_the_number_of_versions_is_set_for_this_tenant_only_and_shown(given, kept, acme, globex):
    said = limits("--versions", given)
    assert f"versions: 10 → {given}" in said
    assert read_limits(acme).versions_kept == kept
    assert read_limits(globex).versions_kept == 10
    assert f"versions {given}" in " ".join(limits().split())
    assert f"versions kept {given}" in " ".join(tenant("show", "acme/").split())
    assert json.loads(tenant("show", "acme/", "--json"))["versions_kept"] == kept


def test_the_same_limits_again_change_nothing(acme):
    assert "Nothing was changed" in limits("--quota", "none")
    assert not AuditEvent.objects.exists()


def test_a_dry_run_says_what_would_change_and_changes_nothing(acme, store):
    store(acme, b"x" * 1500)
    said = limits("--quota", "500", "--dry-run")
    assert "would have other limits" in said
    assert "quota: no limit → 500 bytes" in said
    assert "1 kB less than it keeps (1.5 kB (1,500 bytes))" in said
    assert read_limits(acme) == TenantLimits()
    assert not AuditEvent.objects.exists()


def test_a_quota_below_use_is_set_and_says_so_in_numbers(acme, store):
    store(acme, b"x" * 1500)
    said = limits("--quota", "500")
    assert "nothing is lost, and nothing more comes in" in said
    assert Quota.objects.get(tenant=acme).left_bytes == 0


@pytest.mark.parametrize(("given", "named"), [
    (["--quota", "10gb"], "write '10GB'"), (["--quota=-1"], "'-1'"), (["--quota", "lots"], "'lots'"),
    (["--max-upload", "0"], "give 1 to 100000000 bytes"), (["--max-upload", "101MB"], "UPLOAD_MAX_BYTES"),
    (["--types", "pdf,exe"], "'exe' is no type of files"), (["--types", ""], "at least one type"),
    (["--types", " , "], "at least one"),
    (["--consent", "maybe"], "maybe"), (["--dry-run"], "--dry-run of what"),
    (["--quota", "1GB", "--types", "exe"], "'exe'"),
    (["--versions", "0"], "give 1 to 1000, or all"), (["--versions", "1001"], "give 1 to 1000, or all"),
    (["--versions=-1"], "'-1' versions"), (["--versions", "ten"], "give a number, or all"),
])  # fmt: skip
def test_limits_refuses_in_one_line_and_changes_nothing(given, named, acme):
    assert named in refusal("limits", "acme/", *given)
    assert read_limits(acme) == TenantLimits()


def test_the_database_takes_no_largest_file_of_nothing(acme):
    with pytest.raises(IntegrityError), transaction.atomic():
        Tenant.objects.filter(pk=acme.pk).update(upload_max_bytes=0)


def test_nor_no_version_at_all(acme):
    with pytest.raises(IntegrityError), transaction.atomic():
        Tenant.objects.filter(pk=acme.pk).update(versions_kept=0)


def test_a_tenants_largest_file_is_never_above_the_deployments(settings):
    settings.UPLOAD_MAX_BYTES = 10
    sizes = [get_upload_max_bytes(Tenant(upload_max_bytes=most)) for most in (None, 5, 10, 11)]
    assert sizes == [10, 5, 10, 10]


@pytest.mark.parametrize(("groups", "words"), [
    (["pdf"], "PDF"), (["pdf", "image"], "PDF and pictures"), ([], "nothing"),
    (["other"], "anything else, to be downloaded only"),
])  # fmt: skip
def test_types_are_read_as_words(groups, words):
    assert describe_file_groups(groups) == words


# --- recount


def test_recount_says_when_all_is_right(acme, store):
    store(acme, b"x" * 6)
    assert "is right: 6 bytes used, 0 bytes promised" in limits("--recount")


def test_recount_mends_and_a_dry_run_of_it_does_not(acme, store):
    store(acme, b"x" * 6)
    Quota.objects.filter(tenant=acme).update(used_bytes=99)
    assert "is not right. Its ledger says 6 bytes used" in limits("--recount", "--dry-run")
    assert Quota.objects.get(tenant=acme).used_bytes == 99
    assert "was not right and is mended" in limits("--recount")
    assert books(acme) == (6, 0)


def test_a_missing_quota_is_shown_refused_and_made_again(acme, store):
    store(acme, b"x" * 6)
    Quota.objects.filter(tenant=acme).delete()
    assert "its quota is missing" in limits()
    assert "its quota is missing" in tenant("show", "acme/")
    assert json.loads(tenant("list", "acme/", "--json"))[0]["used_bytes"] is None
    assert "--quota SIZE --recount" in refusal("limits", "acme/", "--recount")
    limits("--quota", "1GB", "--recount")
    assert books(acme) == (6, 0)


def test_recount_reaches_a_suspended_tenant(hooli):
    assert "is right" in tenant("limits", "hooli/", "--recount")


# --- create, show


def test_create_takes_limits(acme):
    tenant("create", "Umbrella", "--prefix", "umbrella/", "--domain", "umbrella.example",
           "--quota", "1GB", "--max-upload", "5MB", "--types", "pdf", "--versions", "all")  # fmt: skip
    assert read_limits(find_tenant("umbrella/")) == TenantLimits(10**9, 5_000_000, ["pdf"], None)


def test_create_refuses_wrong_limits_and_makes_nothing(acme):
    before = Tenant.objects.count()
    for given in (["--quota", "1gb"], ["--types", "exe"], ["--max-upload", "1TB"]):
        refusal("create", "U", "--prefix", "u/", "--domain", "u.example", *given)
    assert Tenant.objects.count() == before


def test_show_tells_limits_and_usage(acme, store):
    store(acme, b"x" * 1500)
    limits("--quota", "10GB", "--types", "pdf", "--max-upload", "5MB")
    said = " ".join(tenant("show", "acme/").split())
    assert "used 1.5 kB, quota 10 GB largest file 5 MB (5,000,000 bytes) types pdf" in said
    shown = json.loads(tenant("show", "acme/", "--json"))
    assert (shown["used_bytes"], shown["quota_bytes"]) == (1500, 10**10)
    assert (shown["upload_max_bytes"], shown["file_groups"]) == (5_000_000, ["pdf"])


# --- raw rows


def test_a_tenant_that_is_inserted_by_sql_has_the_limits_of_a_new_one(acme):
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO tenants_tenant (id, name, status, location_prefix, schema_name, schema_version, created_at) "
            "VALUES (gen_random_uuid(), 'x', 'active', 'raw/', 't_0123456789abcdef', '', now()) RETURNING file_groups,"
            " requires_consent, upload_max_bytes"
        )
        assert cursor.fetchone() == (list_proved_groups(), False, None)
        transaction.set_rollback(True)
