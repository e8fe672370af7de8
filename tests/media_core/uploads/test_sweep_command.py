"""manage.py sweep_uploads: what failed uploads left goes, in every tenant, and nothing else."""

from collections.abc import Callable
from io import StringIO

import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command

from media_core.documents.models import Document
from media_core.ledger.models import StoredObject
from media_core.storages.tenant_storage import get_tenant_storage
from tenants.binding import bind_tenant
from tenants.models import Quota, Tenant
from tests.media_core.conftest import content, grow_old

pytestmark = pytest.mark.django_db

NOBODY_LISTENS = "http://127.0.0.1:9"


def sweep_uploads(*arguments: str) -> str:
    """Return what `manage.py sweep_uploads` says on standard output."""
    said = StringIO()
    call_command("sweep_uploads", *arguments, stdout=said)
    return said.getvalue()


def give_up_upload(tenant: Tenant, *, came: bool = True) -> StoredObject:
    """Return the old row of an upload that failed, whose object came into the bucket or did not."""
    with bind_tenant(tenant, even_suspended=True):
        row: StoredObject = StoredObject.objects.reserve(content("a.pdf", 1))
        if came:
            get_tenant_storage(row.area).put(row, ContentFile(b"x"), file_name="a.pdf")
        row.abandon()
        grow_old(row)
    return row


def state_of(tenant: Tenant, row: StoredObject) -> str:
    with bind_tenant(tenant, even_suspended=True):
        return str(StoredObject.objects.get(pk=row.pk).state)


def test_sweeps_every_tenant_suspended_ones_too(acme, globex, hooli):
    rows = [(tenant, give_up_upload(tenant)) for tenant in (acme, hooli)]
    said = sweep_uploads()
    assert [state_of(tenant, row) for tenant, row in rows] == ["gone", "gone"]
    assert "Acme (acme/): 1 object(s)\n" in said
    assert "Globex" not in said
    assert said.endswith(f"Removed 2 object(s) of {Tenant.objects.count()} tenant(s).\n")


@pytest.mark.parametrize(
    ("option", "verb"), [("--dry-run", "Would remove"), ("--tenant=acme/", "Removed")]
)
def test_counts_what_was_there_and_not_what_failed_before_it_came(option, verb, acme, globex):
    rows = [give_up_upload(acme, came=number < 2) for number in range(7)]
    assert f"{verb} 2 object(s)" in sweep_uploads(option)
    left = {state_of(acme, row) for row in rows}
    assert left == ({"abandoned"} if option == "--dry-run" else {"gone"})


def test_sweeps_only_the_tenant_that_is_named(acme, globex):
    here, there = give_up_upload(acme), give_up_upload(globex)
    assert sweep_uploads("--tenant", "acme/").endswith("Removed 1 object(s) of 1 tenant(s).\n")
    assert (state_of(acme, here), state_of(globex, there)) == ("gone", "abandoned")


def test_keeps_what_is_stored(acme, store: Callable[..., Document]):
    document = store(acme)
    sweep_uploads()
    assert state_of(acme, document.original) == "stored"


def test_a_dry_run_removes_nothing(acme, globex):
    row = give_up_upload(acme)
    assert "Would remove 1 object(s)" in sweep_uploads("--dry-run")
    assert state_of(acme, row) == "abandoned"


def test_a_bucket_that_does_not_answer_is_told_per_tenant_and_fails_the_run(
    acme, globex, hooli, settings
):
    rows = [(tenant, give_up_upload(tenant)) for tenant in (acme, globex)]
    settings.BUCKET_ENDPOINT_URL = NOBODY_LISTENS
    errors = StringIO()
    with pytest.raises(CommandError, match=r"^3 of 3 tenant"):
        call_command("sweep_uploads", stdout=StringIO(), stderr=errors)
    assert [line[:14] for line in errors.getvalue().splitlines()] == [
        "Acme (acme/): ",
        "Globex (globex",
        "Hooli (hooli/)",
    ]
    assert [state_of(tenant, row) for tenant, row in rows] == ["abandoned", "abandoned"]


def test_a_tenant_that_is_not_there_is_refused(acme):
    with pytest.raises(CommandError, match="'umbrella'"):
        sweep_uploads("--tenant", "umbrella")


def test_a_tenant_whose_quota_is_not_in_order_is_told_and_stops_no_other(acme, globex):
    give_up_upload(acme)
    there = give_up_upload(globex)
    Quota.objects.filter(tenant=acme).update(reserved_bytes=0)
    errors = StringIO()
    with pytest.raises(CommandError, match=r"^1 of \d+ tenant"):
        call_command("sweep_uploads", stdout=StringIO(), stderr=errors)
    assert "manage.py tenant limits acme/ --recount" in errors.getvalue()
    assert state_of(globex, there) == "gone"
