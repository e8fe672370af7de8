"""A row from a backup finds the bytes of its app's file, though its name has none now, or another file's."""

import pytest
from django.core.files.storage import storages

from media_core.app_files.models import AppFile
from media_core.bucket.client import get_bucket_client
from media_core.errors import ObjectDiffers, ObjectMissing
from media_core.ledger.models import StoredObject
from media_core.upkeep.recount import recount
from media_core.upkeep.sweeping import sweep_room
from tenants.binding import bind_tenant
from tests.apps import kept
from tests.media_core.conftest import books
from tests.media_core.documents.conftest import seen_by_a_stranger
from tests.media_core.upkeep.test_verifying import problems, room, verify_by_command
from tests.operations import move_all, take_all_down

__all__ = ["room"]
pytestmark = pytest.mark.django_db
NAME = "img/logo.png"


def restore(tenant, *before: AppFile):
    """Let the ledger of apps' files be what it was, as a restored backup does. The bucket is as it is."""
    with bind_tenant(tenant):
        old = [(file, StoredObject.objects.get(pk=file.stored_object_id)) for file in before]
        AppFile.objects.all().delete()
        StoredObject.objects.exclude(pk__in=[row.pk for _, row in old]).delete()
        for file, row in old:
            row.state, row.purge_after, row.gone_at = "stored", None, None
            row.charged_bytes = row.size_bytes
            row.save()
            file.save(force_insert=True)
        recount()


def delete(tenant, name=NAME):
    with bind_tenant(tenant):
        storages["default"].delete(name)
        # The transaction of a test is never committed.
        sweep_room()


def read(tenant, name=NAME):
    with bind_tenant(tenant), storages["default"].open(name) as file:
        return file.read()


def read_as_stranger(tenant, name=NAME):
    return seen_by_a_stranger(f"{tenant.location_prefix}media/{name}")


@pytest.fixture
def deleted(room, globex):
    """A public file that was deleted since the backup which is restored."""
    kept(globex, b"globex's logo", NAME, "media")
    file = kept(room, b"the logo", NAME, "media")
    delete(room)
    restore(room, file)
    return file


@pytest.fixture
def replaced(room, globex):
    """A public file that was deleted since the backup, and whose name another file of the same size got."""
    kept(globex, b"globex's logo", NAME, "media")
    file = kept(room, b"the logo", NAME, "media")
    delete(room)
    kept(room, b"the next", NAME, "media")
    restore(room, file)
    return file


def test_a_file_that_was_deleted_since_is_found_and_not_public(deleted, room, globex):
    with pytest.raises(ObjectMissing):
        read(room)
    out, error = verify_by_command(room, "--repair")
    assert f"missing: {room.location_prefix}media/{NAME}. Its bytes are in private/app/" in out
    assert "1 of 2 findings are left" in error
    assert read(room) == b"the logo"
    assert read_as_stranger(room) is None
    assert problems(room) == [("taken down", f"media/{NAME}")]
    assert read_as_stranger(globex) == b"globex's logo"


def test_its_name_brings_no_other_bytes_and_those_are_closed(replaced, room, globex):
    with pytest.raises(ObjectDiffers):
        read(room)
    assert problems(room) == [
        ("wrong bytes", f"media/{NAME}"),
        ("orphaned", problems(room)[1][1]),
    ]
    verify_by_command(room, "--repair")
    assert read(room) == b"the logo"
    assert read_as_stranger(room) is None
    key = f"{room.location_prefix}media/{NAME}"
    body = get_bucket_client().get_object(Bucket="test-bucket", Key=key)["Body"]
    assert body.read() == b"the next"
    assert read_as_stranger(globex) == b"globex's logo"


def test_republish_gives_it_back_where_its_name_is_free(deleted, room):
    out, error = verify_by_command(room, "--repair", "--republish")
    assert "It is public again." in out
    assert not error
    assert (read_as_stranger(room), read(room)) == (b"the logo", b"the logo")
    assert problems(room) == []


def test_republish_says_why_not_where_its_name_has_other_bytes(replaced, room, caplog):
    verify_by_command(room, "--repair", "--republish")
    assert f"media/{NAME} has other bytes" in caplog.text
    assert (read_as_stranger(room), read(room)) == (None, b"the logo")
    assert ("taken down", f"media/{NAME}") in problems(room)


def test_nothing_but_its_own_bytes_is_taken_for_them(deleted, room):
    with bind_tenant(room):
        for listed in get_bucket_client().list_objects_v2(
            Bucket="test-bucket", Prefix=f"{room.location_prefix}private/app/{deleted.pk}/"
        )["Contents"]:
            get_bucket_client().put_object(
                Bucket="test-bucket", Key=listed["Key"], Body=b"not logo"
            )
    verify_by_command(room, "--repair")
    assert ("missing", f"media/{NAME}") in problems(room)
    with pytest.raises(ObjectMissing):
        read(room)


def test_another_files_bytes_are_not_taken_though_they_are_the_same(room):
    file = kept(room, b"the same", NAME, "media")
    other = kept(room, b"the same", "img/other.png", "media")
    delete(room, other.name)
    with bind_tenant(room):
        get_bucket_client().delete_object(Bucket="test-bucket", Key=file.stored_object.key)
    verify_by_command(room, "--repair")
    with pytest.raises(ObjectMissing):
        read(room)


def test_a_file_that_was_taken_down_and_is_back_is_found_in_what_is_kept_of_it(room):
    """The public object is lost by hand: the copy under `private/` is condemned, and stays so."""
    file = kept(room, b"the logo", NAME, "media")
    with bind_tenant(room):
        take_all_down()
    verify_by_command(room, "--republish")
    assert read_as_stranger(room) == b"the logo"
    with bind_tenant(room):
        row = AppFile.objects.select_related("stored_object").get(pk=file.pk).stored_object
        get_bucket_client().delete_object(Bucket="test-bucket", Key=row.key)
    before = books(room)
    verify_by_command(room, "--repair")
    assert read(room) == b"the logo"
    assert books(room) == before
    with bind_tenant(room):
        assert StoredObject.objects.filter(state="condemned", area="private").count() == 1


def test_a_file_that_was_taken_down_in_the_backup_and_is_back_since_is_read(room):
    kept(room, b"the logo", NAME, "media")
    with bind_tenant(room):
        take_all_down()
        hidden = AppFile.objects.get()
    verify_by_command(room, "--republish")
    restore(room, hidden)
    assert read(room) == b"the logo"


def test_a_file_that_was_taken_down_and_moved_to_disk_since_is_found_there(
    room, globex, settings, tmp_path
):
    settings.DISK_MEDIA_ROOT = str(tmp_path)
    kept(globex, b"globex's logo", NAME, "media")
    file = kept(room, b"the logo", NAME, "media")
    with bind_tenant(room):
        take_all_down()
        assert not move_all("disk").failed
    restore(room, file)
    with pytest.raises(ObjectMissing):
        read(room)
    verify_by_command(room, "--repair")
    assert read(room) == b"the logo"
    assert read(globex) == b"globex's logo"


def test_a_file_that_waits_to_be_put_away_is_found_too(deleted, room):
    with bind_tenant(room):
        storages["default"].delete(NAME)
    verify_by_command(room, "--repair")
    with bind_tenant(room):
        sweep_room()
        row = AppFile.objects.select_related("stored_object").get().stored_object
    assert (row.state, row.area) == ("condemned", "private")
    assert books(room) == (0, 0)


def test_beside_a_file_that_is_taken_down_a_suspended_tenant_is_in_order(room):
    kept(room, b"the logo", NAME, "media")
    room.status = room.Status.SUSPENDED
    room.save()
    with bind_tenant(room, even_suspended=True):
        take_all_down()
    assert verify_by_command(room) == ("Ledger and bucket agree.\n", "")
