"""manage.py tenant move-storage: everything lies in the other place, its addresses stay, and it says what it did."""

from io import StringIO
from pathlib import Path

import pytest
import requests
from django.core.management import CommandError, call_command

from gateway.demo.samples import make_pdf
from media_core.ledger.models import StoredObject
from media_core.storages.disk_storage import get_disk_storage
from media_core.storages.tenant_storage import find_storage, verify_bytes
from tenants.binding import bind_tenant
from tests.media_core.documents.conftest import LOCATED
from tests.media_core.upkeep.conftest import OTHER, keep, lies_in
from tests.server import serving

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rooms")]
PLACES = ["bucket", "disk"]


@pytest.fixture
def says(settings):
    """Run the command with the settings that it asks for; return what it says, and how it ends."""

    def run(to, *given):
        settings.USE_S3_MEDIA = to == "bucket"
        out, error = StringIO(), StringIO()
        try:
            call_command("tenant", "move-storage", "--to", to, *given, stdout=out, stderr=error)
        except CommandError as refused:
            return out.getvalue(), f"{error.getvalue()}{refused}"
        return out.getvalue(), error.getvalue()

    return run


@pytest.fixture
def put_away(store, settings):
    """Return `store` for documents that go to one place."""

    def to(place):
        settings.USE_S3_MEDIA = place == "bucket"
        return store

    return to


def places(tenant):
    with bind_tenant(tenant, even_suspended=True):
        return set(StoredObject.objects.stored().values_list("place", "left_in"))


@pytest.mark.parametrize("to", PLACES)
def test_moves_the_objects_of_all_tenants_suspended_ones_too(to, says, acme, globex, hooli):
    rows = {tenant: keep(tenant, OTHER[to]) for tenant in (acme, globex, hooli)}
    said, error = says(to)
    for tenant, row in rows.items():
        assert places(tenant) == {(to, "")}
        with bind_tenant(tenant, even_suspended=True):
            verify_bytes(StoredObject.objects.get(pk=row.pk))
            assert row.key in lies_in(tenant)[to]
            assert row.key not in lies_in(tenant)[OTHER[to]]
        assert f"({tenant.location_prefix}): 1 object(s), 11 bytes moved" in said
    here = {"bucket": "in the bucket", "disk": "on disk"}[to]
    assert said.splitlines()[-1].startswith(f"Everything is {here}, of ")
    assert error == ""


def test_moves_only_the_tenants_that_are_named(says, acme, globex):
    keep(acme, "disk")
    keep(globex, "disk")
    said, _ = says("bucket", "globex/")
    assert (places(acme), places(globex)) == ({("disk", "")}, {("bucket", "")})
    assert said.endswith("Everything is in the bucket, of 1 tenant(s).\n")


def test_a_second_run_has_nothing_to_do(says, acme, globex):
    keep(acme, "disk")
    says("bucket")
    said, error = says("bucket")
    assert (len(said.splitlines()), error) == (1, "")


@pytest.mark.parametrize("to", PLACES)
def test_a_dry_run_says_the_numbers_and_moves_nothing(to, says, acme, globex):
    keep(acme, OTHER[to])
    keep(acme, OTHER[to])
    before = lies_in(acme)
    said, _ = says(to, "--dry-run")
    assert "Acme (acme/): 2 object(s), 22 bytes to move" in said
    assert "2 object(s), 22 bytes left to move" in said
    assert (lies_in(acme), places(acme)) == (before, {(OTHER[to], "")})


@pytest.mark.parametrize("to", PLACES)
def test_refuses_while_new_files_would_still_go_to_the_old_place(to, settings, acme):
    settings.USE_S3_MEDIA = to != "bucket"
    keep(acme, OTHER[to])
    with pytest.raises(CommandError, match=f"still go to the {OTHER[to]}: set USE_S3_MEDIA="):
        call_command("tenant", "move-storage", "--to", to)
    assert places(acme) == {(OTHER[to], "")}


def test_refuses_to_empty_a_bucket_whose_keys_are_gone(says, settings, acme):
    settings.BUCKET_SECRET_KEY = ""
    _, error = says("disk")
    assert "Keep the bucket's AWS_ variables" in error


def test_one_that_fails_is_named_and_the_others_move(says, acme, globex):
    lost, whole, damaged = keep(acme, "disk"), keep(acme, "disk"), keep(acme, "disk")
    others = keep(globex, "disk")
    with bind_tenant(acme):
        find_storage(lost).remove(lost)
        Path(get_disk_storage("private").find_path(damaged)).write_bytes(b"not the same")
    said, error = says("bucket")
    assert "2 object(s) did not move" in error
    assert all(f"Acme (acme/): {row.name}: The stored bytes" in error for row in (lost, damaged))
    assert "2 object(s), 22 bytes left to move" in said
    with bind_tenant(acme):
        rows = {row.pk: row.place for row in StoredObject.objects.all()}
    assert rows == {lost.pk: "disk", damaged.pk: "disk", whole.pk: "bucket"}
    assert places(globex) == {("bucket", "")}
    assert others.size_bytes == 11


@pytest.mark.parametrize("to", PLACES)
def test_documents_open_before_and_after_at_the_same_address(to, says, put_away, acme, browse):
    store, bytes_of_it = put_away(OTHER[to]), make_pdf("For members", 1)
    private, public = store(acme, bytes_of_it), store(acme, b"for all", visibility="public")
    member, stranger = browse(acme, "vic"), browse(acme)
    with serving() as gateway:
        for _ in range(2):
            given = [
                gateway.get(member.get(f"/d/{private.pk}").headers["Location"]),
                gateway.get(stranger.get(f"/d/{public.pk}").headers["Location"]),
            ]
            assert [answer.content for answer in given] == [bytes_of_it, b"for all"]
            # What was published on disk has no copy, in the bucket neither.
            keep = "public, max-age=300" if to == "disk" else "private, no-store"
            assert given[1].headers["Cache-Control"] == keep
            assert given[0].headers["Content-Disposition"] == 'inline; filename="offer.pdf"'
            assert says(to)[1] == ""


def test_addresses_given_out_on_disk_lead_into_the_bucket(says, store, settings, acme, browse):
    settings.USE_S3_MEDIA = False
    private = store(acme, b"for members")
    public = store(acme, LOCATED, name="photo.jpg", visibility="public")
    signed = browse(acme, "vic").get(f"/d/{private.pk}").headers["Location"]
    with bind_tenant(acme):
        permanent = find_storage(public.public_copy).build_public_url(public.public_copy)
        with find_storage(public.public_copy).read(public.public_copy) as body:
            photo = body.read()
    says("bucket")
    with serving() as gateway:
        for path, content in ((signed, b"for members"), (permanent, photo)):
            moved = gateway.get(path)
            assert moved.status_code == 302
            assert requests.get(moved.headers["Location"], timeout=60).content == content
            assert gateway.get(path, host="globex.example").status_code == 404


def test_the_quota_holds_as_many_bytes_as_before(says, store, settings, acme):
    settings.USE_S3_MEDIA = False
    document = store(acme, b"12345")
    says("bucket")
    with bind_tenant(acme):
        row = StoredObject.objects.get(pk=document.original_id)
        assert (row.charged_bytes, row.place) == (5, "bucket")
    acme.refresh_from_db()
    assert acme.quota.used_bytes == 5
