"""A tenant whose schema is lost or does not fit is named and passed over, and stops nothing for the others."""

from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection

from media_core.bucket.client import get_bucket_client
from media_core.bucket.models import Attestation
from media_core.ledger.models import StoredObject
from tenants.binding import bind_tenant
from tenants.errors import SchemaBroken, SchemaNotServed
from tenants.jobs.kinds import find_kind
from tenants.jobs.models import JobState
from tenants.jobs.step_runner import run_step
from tenants.models import Tenant
from tenants.schema_versions import get_schema_version
from tests.conftest import Store
from tests.media_core.uploads.conftest import keys
from tests.media_core.uploads.test_sweep_command import NOBODY_LISTENS, give_up_upload, state_of

pytestmark = pytest.mark.django_db

# What becomes of a schema, and what is said of it.
BREAKS = {
    "lost": ['ALTER SCHEMA "{schema}" RENAME TO t_lost0000'],
    "without a table": ['ALTER TABLE "{schema}".media_core_accessevent RENAME TO elsewhere'],
    "without its history": ['ALTER TABLE "{schema}".django_migrations RENAME TO elsewhere'],
    "of another version": [
        "UPDATE \"{schema}\".django_migrations SET name = '0009_newer' WHERE app = 'stamp'"
    ],
    "noted at another version": [
        "UPDATE tenants_tenant SET schema_version = 'stamp.0009_newer' WHERE schema_name = '{schema}'",
        "UPDATE tenants_tenant SET oldest_code = '' WHERE schema_name = '{schema}'",
    ],
    "with another's stamp": [
        'ALTER TABLE "{schema}".stamp_stamp DISABLE TRIGGER USER',
        'UPDATE "{schema}".stamp_stamp SET tenant_id = gen_random_uuid()',
        'ALTER TABLE "{schema}".stamp_stamp ENABLE TRIGGER USER',
    ],
}


def break_schema(tenant: Tenant, how: str) -> None:
    with connection.cursor() as cursor:
        for statement in BREAKS[how]:
            cursor.execute(statement.format(schema=tenant.schema_name))


@pytest.fixture
def broken(request: pytest.FixtureRequest, acme: Tenant, globex: Tenant) -> Tenant:
    """Return globex, whose schema is not in order any more."""
    break_schema(globex, request.param)
    found: Tenant = Tenant.objects.get(pk=globex.pk)
    return found


@pytest.fixture
def public(acme: Tenant, globex: Tenant, store: Store) -> None:
    """Let globex and acme have a public document each; it lies in the bucket before the schema breaks."""
    remove_objects(globex)
    store(acme, b"acme's", visibility="public")
    store(globex, b"globex's", visibility="public")


def remove_objects(tenant: Tenant) -> None:
    """Remove what earlier tests of this module left in the bucket: their rows were rolled back."""
    for key in keys(tenant):
        get_bucket_client().delete_object(Bucket=settings.BUCKET_NAME, Key=key)


each_break = pytest.mark.parametrize("broken", BREAKS, indirect=True)


def run(*arguments: str) -> tuple[str, str, str]:
    """Return what a command says on standard output and standard error, and its refusal."""
    said, errors = StringIO(), StringIO()
    try:
        call_command(*arguments, stdout=said, stderr=errors)
    except CommandError as refusal:
        return said.getvalue(), errors.getvalue(), str(refusal)
    return said.getvalue(), errors.getvalue(), ""


@each_break
def test_a_sweep_names_it_and_sweeps_the_others(broken, acme):
    row = give_up_upload(acme)
    _, errors, refusal = run("sweep_uploads")
    assert state_of(acme, row) == "gone"
    assert errors.count("Globex (globex/): This site") == 1
    assert refusal.startswith("1 of ")


@each_break
def test_moving_names_it_and_moves_the_others(broken, acme, store):
    document = store(acme)
    with bind_tenant(acme):
        StoredObject.objects.filter(pk=document.original_id).update(state="pending", stored_at=None)
    said, errors, refusal = run("tenant", "move-storage", "--to", "bucket")
    assert errors.count("Globex (globex/): This site") == 1
    assert "Everything is in the bucket" in said
    assert refusal.startswith("1 tenant(s) were passed over")


@each_break
def test_the_prover_names_it_and_counts_with_the_others(broken, acme):
    _, errors, refusal = run("bucket", "prove", "--dry-run")
    assert errors.count("Globex (globex/): This site") == 1
    others = Tenant.objects.count() - 1
    assert f"{others} tenant(s)" in errors
    assert refusal.startswith("1 tenant(s) were passed over")


@each_break
@pytest.mark.parametrize(
    "command",
    [
        ("tenant", "list"),
        ("tenant", "show", "globex/"),
        ("tenant", "limits", "globex/"),
        ("tenant", "visits", "globex/"),
        ("tenant", "domain", "globex/", "add", "more.globex.example"),
        ("public_policy",),
        ("clearsessions",),
        ("operations", "list"),
        ("bucket", "apply", "--dry-run"),
    ],
    ids=" ".join,
)
def test_what_needs_no_rows_of_it_works(command, broken, acme):
    assert run(*command)[2] == ""


@each_break
def test_a_recount_refuses_and_changes_nothing(broken, acme):
    assert "This site" in run("tenant", "limits", "globex/", "--recount")[2]


@each_break
def test_its_jobs_fail_alone(broken, acme):
    row, kind = give_up_upload(acme), find_kind("sweep")
    with pytest.raises((SchemaBroken, SchemaNotServed)):
        run_step(kind, broken.id)
    run_step(kind, acme.id)
    assert state_of(acme, row) == "gone"
    failed = JobState.objects.get(key=kind.build_key(broken.id))
    assert failed.error_message.startswith("This site")


@each_break
@pytest.mark.parametrize("options", [[], ["--dry-run"], ["--take-down"]], ids=" ".join)
def test_it_can_be_suspended_and_what_is_public_is_counted_in_the_bucket(options, public, broken):
    said, _, refusal = run("tenant", "suspend", "globex/", "--yes", *options)
    assert "1 public object(s), 8 bytes, stay public" in said.replace("\xa0", " ")
    assert refusal.startswith(
        "Nothing was taken down. This site" if "--take-down" in options else ""
    )
    assert bool(refusal) == ("--take-down" in options)
    broken.refresh_from_db()
    assert broken.is_served == (options == ["--dry-run"])


def test_where_the_bucket_does_not_answer_either_it_says_that_nobody_knows(
    public, globex, settings
):
    break_schema(globex, "lost")
    settings.BUCKET_ENDPOINT_URL = NOBODY_LISTENS
    said, _, refusal = run("tenant", "suspend", "globex/", "--yes")
    assert "It is not known whether objects of it stay public." in said
    assert "No object" not in said
    assert refusal == ""
    assert not Tenant.objects.get(pk=globex.pk).is_served


@each_break
def test_it_is_not_resumed_before_it_is_in_order(broken):
    run("tenant", "suspend", "globex/", "--yes")
    assert run("tenant", "resume", "globex/")[2].startswith("This site")
    broken.refresh_from_db()
    assert not broken.is_served


def test_migrating_names_the_lost_one_and_leaves_the_public_schema_alone(acme, globex):
    break_schema(globex, "lost")
    Tenant.objects.filter(pk=acme.pk).update(schema_version="of old")
    _, errors, refusal = run("migrate_schemas", "--verbosity=0")
    assert "Globex (globex/): This site's data is not in order" in errors
    assert refusal == "1 tenant(s) failed, see above."
    assert Tenant.objects.get(pk=acme.pk).schema_version == get_schema_version()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT to_regclass('public.media_core_document'), to_regclass('public.stamp_stamp')"
        )
        assert cursor.fetchone() == (None, None)


@pytest.mark.run_first
def test_the_prover_proves_the_others(acme, globex):
    break_schema(globex, "lost")
    said, errors, refusal = run("bucket", "prove")
    assert "Globex (globex/): This site" in errors
    assert "refused." in said
    assert refusal == "1 tenant(s) were passed over, see above."


def test_the_weekly_proof_proves_the_others_and_names_it(acme, globex):
    break_schema(globex, "lost")
    with pytest.raises(SchemaBroken, match=r"Nothing was proved for globex/\.$"):
        run_step(find_kind("bucket_prove"), None)
    assert Attestation.objects.get().tenants == Tenant.objects.count() - 1


@each_break
def test_verifying_names_it_and_compares_the_others(broken, acme):
    _, errors, refusal = run("bucket", "verify")
    assert errors.count("Globex (globex/): This site") == 1
    assert "findings are left" in refusal or refusal.startswith("1 tenant(s) were passed over")
