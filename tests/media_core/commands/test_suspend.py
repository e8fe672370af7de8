"""manage.py tenant suspend and resume: what stays public, what is taken down, and how it comes back."""

from io import StringIO

import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command

from media_core.bucket.client import get_bucket_client
from media_core.documents.models import Document
from media_core.documents.publishing import republish
from media_core.errors import UploadLost
from media_core.ledger.models import StoredObject
from media_core.storages.tenant_storage import get_tenant_storage
from tenants.binding import bind_tenant
from tests.media_core.conftest import content
from tests.media_core.documents.conftest import seen_by_a_stranger

pytestmark = pytest.mark.django_db


def tenant(*arguments: str, errors: StringIO | None = None) -> str:
    """Return what `manage.py tenant …` says on standard output."""
    said = StringIO()
    call_command("tenant", *arguments, stdout=said, stderr=errors or StringIO())
    return said.getvalue()


def documents(of):
    with bind_tenant(of, even_suspended=True):
        return list(Document.objects.select_related("original", "public_copy"))


def list_public_bytes(of) -> list[bytes]:
    """Return what strangers read of the tenant's documents, straight from the bucket."""
    with bind_tenant(of, even_suspended=True):
        keys = [row.key for row in StoredObject.objects.exclude(state="gone")]
        return sorted(found for key in keys if (found := seen_by_a_stranger(key)) is not None)


@pytest.fixture
def three(acme, globex, store):
    """Two public documents and a private one of acme's, and a public one of globex's."""
    for number in (1, 2):
        store(acme, f"brochure {number}".encode(), visibility="public")
    store(acme, b"private")
    store(globex, b"globex's", visibility="public")
    return acme


def test_says_how_many_objects_stay_public(three):
    for arguments in (["--dry-run"], []):
        said = tenant("suspend", "acme/", *arguments)
        assert "2 public object(s), 20 bytes, stay public" in said.replace("\xa0", " ")
        assert "--take-down" in said
    assert list_public_bytes(three) == [b"brochure 1", b"brochure 2"]


def test_says_so_when_nothing_is_public(acme, store):
    store(acme)
    assert "No object of it stays public" in tenant("suspend", "acme/", "--dry-run")


def test_in_gateway_mode_nothing_stays_public(three, settings):
    settings.PUBLIC_MEDIA_MODE = "gateway"
    assert "No object of it stays public" in tenant("suspend", "acme/")


def test_on_disk_nothing_stays_public_and_no_link_lives_on(three, settings):
    with bind_tenant(three):
        StoredObject.objects.update(place="disk")
    assert "live on, up to 3600 s" in tenant("suspend", "acme/")
    tenant("resume", "acme/")
    settings.USE_S3_MEDIA = False
    said = tenant("suspend", "acme/")
    assert "Links given out before end too." in said
    assert "No object of it stays public." in said


def test_what_was_not_removed_from_the_bucket_after_a_move_stays_public(three):
    with bind_tenant(three):
        StoredObject.objects.update(place="disk", left_in="bucket")
    assert "2 public object(s)" in tenant("suspend", "acme/", "--dry-run")


def test_a_dry_run_of_taking_down_changes_nothing(three):
    said = tenant("suspend", "acme/", "--take-down", "--dry-run")
    assert "2 public object(s), 20 bytes, would be moved." in said.replace("\xa0", " ")
    three.refresh_from_db()
    assert (three.is_served, len(list_public_bytes(three))) == (True, 2)


def test_takes_down_what_is_public_and_nothing_of_another_tenant(three, globex):
    said = tenant("suspend", "acme/", "--take-down")
    assert "2 of 2 objects" in said
    assert "Took 2 document(s) down" in said
    assert (list_public_bytes(three), list_public_bytes(globex)) == ([], [b"globex's"])
    states = [(row.visibility, row.public_copy) for row in documents(three)]
    assert sorted(states) == [("private", None), ("public", None), ("public", None)]


def test_resume_brings_back_what_was_taken_down_and_nothing_else(three):
    tenant("suspend", "acme/", "--take-down")
    said = tenant("resume", "acme/")
    assert "is served again" in said
    assert "Brought 2 document(s) back." in said
    assert list_public_bytes(three) == [b"brochure 1", b"brochure 2"]


def test_what_shows_its_original_is_not_taken_down_and_opens_again_afterwards(
    three, browse, settings
):
    settings.PUBLIC_MEDIA_MODE = "gateway"
    with bind_tenant(three):
        for row in Document.objects.public():
            republish(row.pk)
    said = tenant("suspend", "acme/", "--take-down")
    assert "Took 0 document(s) down" in said
    public = [row for row in documents(three) if row.visibility == "public"]
    assert {browse(three).get(f"/d/{row.pk}").status_code for row in public} == {404}
    assert "Brought" not in tenant("resume", "acme/")
    assert {browse(three).get(f"/d/{row.pk}").status_code for row in public} == {302}


def test_taken_down_and_brought_back_a_tenant_follows_a_change_of_the_mode(three, settings):
    for mode, in_bucket in (("gateway", []), ("acl", [b"brochure 1", b"brochure 2"])):
        settings.PUBLIC_MEDIA_MODE = mode
        tenant("suspend", "acme/", "--take-down")
        tenant("resume", "acme/")
        assert list_public_bytes(three) == in_bucket
        public = [row for row in documents(three) if row.visibility == "public"]
        assert {row.shows_original for row in public} == {mode == "gateway"}


def test_a_tenant_that_was_suspended_before_is_taken_down_too(three):
    tenant("suspend", "acme/")
    said = tenant("suspend", "acme/", "--take-down")
    assert "was suspended already" in said
    assert "Took 2 document(s) down" in said
    assert list_public_bytes(three) == []


def test_running_again_has_nothing_to_do(three):
    for _ in range(2):
        said = tenant("suspend", "acme/", "--take-down")
    assert "Took 0 document(s) down" in said
    tenant("resume", "acme/")
    assert "was not suspended. Nothing was changed." in tenant("resume", "acme/")


def test_one_that_fails_does_not_stop_the_others_and_comes_back_in_the_next_run(three):
    lost = next(row for row in documents(three) if row.public_copy)
    with bind_tenant(three):
        key = lost.original.key
    bucket = get_bucket_client()
    kept = bucket.get_object(Bucket="test-bucket", Key=key)["Body"].read()
    bucket.delete_object(Bucket="test-bucket", Key=key)
    assert "Took 2 document(s) down" in tenant("suspend", "acme/", "--take-down")
    assert list_public_bytes(three) == []
    errors = StringIO()
    with pytest.raises(CommandError, match=r"1 document\(s\) failed.*run it again"):
        tenant("resume", "acme/", errors=errors)
    assert f"{lost.pk}: The stored bytes are not there." in errors.getvalue()
    bucket.put_object(Bucket="test-bucket", Key=key, Body=kept, ContentType="application/pdf")
    assert "Brought 1 document(s) back." in tenant("resume", "acme/")
    assert len(list_public_bytes(three)) == 2


def test_a_member_who_is_refused_publishes_nothing_meanwhile(three, browse):
    tenant("suspend", "acme/", "--take-down")
    assert browse(three, "ed").get("/").status_code == 403
    assert list_public_bytes(three) == []


def test_what_is_pending_and_may_have_come_is_counted_and_taken_down_too(three, globex):
    with bind_tenant(three):
        row = StoredObject.objects.create_pending(content("late.pdf", 5), area="media")
        get_tenant_storage("media").put(row, ContentFile(b"late."), file_name="late.pdf")
    assert b"late." in list_public_bytes(three)
    assert "3 public object(s)" in tenant("suspend", "acme/", "--dry-run")
    tenant("suspend", "acme/", "--take-down")
    assert (list_public_bytes(three), list_public_bytes(globex)) == ([], [b"globex's"])
    with bind_tenant(three, even_suspended=True), pytest.raises(UploadLost):
        row.mark_stored("etag")
